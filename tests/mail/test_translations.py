from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

import flask_subscription_ops

PACKAGE = Path(flask_subscription_ops.__file__).parent
FOLDER = PACKAGE / "translations"
LANGUAGES = ["ru", "tr"]
METHODS = [
    ("templates/subscription_ops/mail/**.txt", "jinja2"),
    ("templates/subscription_ops/mail/**.html", "jinja2"),
    ("mail/letters/**.py", "python"),
]


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def catalog(language: str) -> Catalog:
    with (FOLDER / language / "LC_MESSAGES" / "subscription_ops.po").open("rb") as file:
        return read_po(file, locale=language, domain="subscription_ops")


def ids(messages: Any) -> set[Any]:
    return {message.id for message in messages if message.id}


def sayings(messages: Any) -> dict[str, Any]:
    return {str(message.id): list(message.string) for message in messages if message.id}


def test_the_template_holds_what_the_templates_say() -> None:
    said = {message for _, _, message, _, _ in extract_from_dir(str(PACKAGE), METHODS)}
    with (FOLDER / "messages.pot").open("rb") as file:
        listed = ids(read_po(file))

    assert listed == said


def test_every_message_is_translated_and_none_is_left_over(language: str) -> None:
    with (FOLDER / "messages.pot").open("rb") as file:
        listed = ids(read_po(file))
    translated = catalog(language)

    assert ids(translated) == listed
    for message in translated:
        strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        assert all(strings), message.id
        assert not message.fuzzy
        assert [error for error in message.check() if message.id] == []


def test_the_compiled_catalog_is_that_of_the_text(language: str) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalog(language))

    with (FOLDER / language / "LC_MESSAGES" / "subscription_ops.mo").open("rb") as file:
        shipped = read_mo(file)

    assert sayings(shipped) == sayings(read_mo(io.BytesIO(compiled.getvalue())))


@pytest.mark.parametrize(
    ("days", "wording"),
    [(1, "1 день"), (2, "2 дня"), (5, "5 дней"), (11, "11 дней"), (21, "21 день"), (22, "22 дня"), (112, "112 дней")],
)
def test_russian_counts_in_three_forms(days: int, wording: str) -> None:
    russian = Translations.load(FOLDER, ["ru"], "subscription_ops")
    singular = "Your %(product)s trial ends in %(num)s day"

    text = russian.ungettext(singular, f"{singular}s", days) % {"product": "Acme", "num": days}

    assert text == f"Пробный период Acme заканчивается через {wording}"
