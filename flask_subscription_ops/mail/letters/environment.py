"""The templates, one Jinja environment for each language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from babel.support import NullTranslations, Translations
from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
    select_autoescape,
)

from .formats import format_day, format_instant, format_money

PACKAGE = Path(__file__).resolve().parents[2]
FOLDER = "subscription_ops/mail"
SOURCE_LANGUAGE = "en"


@cache
def languages() -> frozenset[str]:
    """Return the languages that emails can be written in."""
    folders = (PACKAGE / "translations").glob("*/LC_MESSAGES/subscription_ops.mo")
    return frozenset({SOURCE_LANGUAGE, *(path.parent.parent.name for path in folders)})


def language_of(locale: str) -> str:
    """Return the language of a locale such as pt_BR or tr-TR, English where it is not spoken here."""
    language = locale.replace("-", "_").partition("_")[0].strip().lower()
    return language if language in languages() else SOURCE_LANGUAGE


class _Loader(ChoiceLoader):
    """Names a file that is no text, also one that another includes."""

    def load(self, environment: Environment, name: str, globals: Any = None) -> Template:
        try:
            return super().load(environment, name, globals)
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise TemplateSyntaxError("bytes that are not in UTF-8", line, name) from None


class Templates:
    """Finds a template in the host's folder first, then in the package."""

    def __init__(self, host: BaseLoader | None, *, reload: bool = False) -> None:
        package = FileSystemLoader(PACKAGE / "templates")
        self._loader = _Loader([host, package] if host else [package])
        self._reload = reload
        self._environments: dict[str, Environment] = {}

    def render(self, kind: str, suffix: str, language: str, context: Mapping[str, Any]) -> str:
        """Render one template of a kind."""
        template = self._environment(language).get_template(f"{FOLDER}/{kind}.{suffix}")
        return template.render(context)

    def file_of(self, kind: str, suffix: str) -> str:
        """Return where a template of a kind was found."""
        template = self._environment(SOURCE_LANGUAGE).get_template(f"{FOLDER}/{kind}.{suffix}")
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
            auto_reload=self._reload,
        )
        environment.install_gettext_translations(_translations(language), newstyle=True)  # type: ignore[attr-defined]
        environment.filters["date"] = lambda value: format_day(value, language)
        environment.filters["datetime"] = lambda value: format_instant(value, language)
        environment.filters["money"] = lambda amount, currency: format_money(amount, currency, language)
        return environment


def _translations(language: str) -> NullTranslations:
    return Translations.load(PACKAGE / "translations", [language], "subscription_ops")
