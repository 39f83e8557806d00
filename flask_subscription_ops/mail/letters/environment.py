"""The templates, one Jinja environment for each language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
    pass_context,
    select_autoescape,
)

from .borrowed import borrow
from .formats import Gettext, format_day, format_instant, format_money
from .languages import ENGLISH, Languages, region_of

if TYPE_CHECKING:
    from flask import Flask
    from jinja2.runtime import Context

PACKAGE = Path(__file__).resolve().parents[2]
FOLDER = "subscription_ops/mail"


class _Loader(ChoiceLoader):
    """Names a file that is no text, also one that another includes."""

    def load(self, environment: Environment, name: str, globals: Any = None) -> Template:
        try:
            return super().load(environment, name, globals)
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise TemplateSyntaxError("bytes that are not in UTF-8", line, name) from None


class Templates:
    """Finds a template in the host's folder first, then in the package; `home` is the app's zone.

    The host's filters, tests and globals are there as well.
    """

    def __init__(self, app: Flask, home: tzinfo) -> None:
        package = FileSystemLoader(PACKAGE / "templates")
        self.languages = Languages(Path(app.root_path) / "translations")
        self._app, self._home = app, home
        self._loader = _Loader([app.jinja_loader, package] if app.jinja_loader else [package])
        self._environments: dict[str, Environment] = {}

    def render(self, kind: str, suffix: str, language: str, context: Mapping[str, Any]) -> str:
        """Render one template of a kind."""
        template = self._environment(language).get_template(f"{FOLDER}/{kind}.{suffix}")
        return template.render(context)

    def file_of(self, kind: str, suffix: str) -> str:
        """Return where a template of a kind was found."""
        template = self._environment(ENGLISH).get_template(f"{FOLDER}/{kind}.{suffix}")
        return template.filename or f"{FOLDER}/{kind}.{suffix}"

    def kinds(self) -> list[str]:
        """Return the kinds that have a text template; a name that begins with _ is a layout."""
        paths = (Path(name) for name in self._loader.list_templates() if name.startswith(f"{FOLDER}/"))
        return sorted({path.stem for path in paths if path.suffix == ".txt" and not path.name.startswith("_")})

    def _environment(self, language: str) -> Environment:
        if language not in self._environments:
            self._environments[language] = self._create(language)
        return self._environments[language]

    def _create(self, language: str) -> Environment:
        environment = Environment(
            loader=self._loader,
            autoescape=select_autoescape(("html",), default_for_string=False),
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            auto_reload=bool(self._app.debug),
        )
        borrow(self._app, environment)
        words = self.languages.words(language)
        environment.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
        environment.filters.update(_filters(language, words.ugettext, self._home))
        return environment


def _filters(language: str, gettext: Gettext, home: tzinfo) -> dict[str, Callable[..., str]]:
    @pass_context
    def day(context: Context, value: date) -> str:
        return format_day(value, _region(context, language))

    @pass_context
    def instant(context: Context, value: datetime) -> str:
        return format_instant(value, _region(context, language), gettext, home)

    @pass_context
    def money(context: Context, amount: int, currency: str) -> str:
        return format_money(amount, currency, _region(context, language))

    return {"date": day, "datetime": instant, "money": money}


def _region(context: Context, language: str) -> str:
    """Return the reader's region; a macro that is imported without its context knows no reader."""
    return region_of(getattr(context.get("contact"), "locale", ""), language)
