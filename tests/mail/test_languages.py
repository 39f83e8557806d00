"""Which words a reader gets, and by whose customs dates and money are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from babel.messages.frontend import CommandLineInterface
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from flask_subscription_ops.errors import TemporaryFailure
from flask_subscription_ops.mail.base import Email
from flask_subscription_ops.mail.letters.languages import Languages, region_of
from flask_subscription_ops.mail.letters.render import Renderer

from ..docs.pages import blocks, read, rows, sections
from .test_render import template

TABLE = sections(read("reference/emails.md"))["Dates, zones and languages"]
HEAD = """\
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"""


@pytest.fixture
def write_catalogue(app: Flask, tmp_path: Path) -> Callable[[str, str], Path]:
    """Compile a catalogue of the host's, as the how-to says."""

    def write(language: str, text: str) -> Path:
        app.root_path = str(tmp_path)
        po = tmp_path / "translations" / language / "LC_MESSAGES" / "subscription_ops.po"
        po.parent.mkdir(parents=True)
        po.write_text(text, "utf-8")
        CommandLineInterface().run(["pybabel", "-q", "compile", "-D", "subscription_ops", "-d", str(po.parents[2])])
        return po.with_suffix(".mo")

    return write


@pytest.fixture
def say(app: Flask, make_settings: Callable[..., Any]) -> Callable[..., Email]:
    """Render a sample for a reader of a locale and zone."""

    def say(kind: str, locale: str, zone: str = "Europe/Berlin", **settings: Any) -> Email:
        renderer = Renderer(app, make_settings(**settings))
        notice = renderer.sample(kind, locale)
        return renderer.render(replace(notice, contact=replace(notice.contact, timezone=zone)))

    return say


@pytest.mark.parametrize(
    ("locale", "language", "region"),
    [
        ("en", "en", "en"),
        ("en_GB", "en", "en_GB"),
        ("en-gb", "en", "en_GB"),
        ("tr_CY", "tr", "tr_CY"),
        ("ru-KZ", "ru", "ru_KZ"),
        ("ru_XX", "ru", "ru"),
        ("de", "en", "en_DE"),
        ("de_AT", "en", "en_AT"),
        ("fr_CA", "en", "en_CA"),
        ("es_US", "en", "en_US"),
        ("pt_BR", "en", "en_GB"),
        ("zh_Hant_TW", "en", "en_GB"),
        ("en_US.UTF-8", "en", "en_US"),
        ("tlh", "en", "en"),
        ("C", "en", "en"),
        ("", "en", "en"),
        ("../ru", "en", "en"),
    ],
)
def test_words_follow_the_language_and_dates_the_region(locale: str, language: str, region: str) -> None:
    assert (Languages().language_of(locale), region_of(locale, language)) == (language, region)


@given(locale=st.one_of(st.text(), st.from_regex(r"[a-z]{2,3}([_-][A-Za-z0-9]{2,8}){0,3}", fullmatch=True)))
def test_no_locale_keeps_an_email_back(locale: str) -> None:
    assert Languages().language_of(locale) in ("en", "ru", "tr")
    assert region_of(locale, "en").partition("_")[0] == "en"


@pytest.mark.parametrize(("locale", "when"), [(row[0], row[2]) for row in rows(TABLE)])
def test_dates_are_those_of_the_readers_region_as_the_reference_says(
    say: Callable[..., Email], locale: str, when: str
) -> None:
    assert when in say("trial_reminder", locale, "Europe/London").text.replace("\u202f", " ")


@pytest.mark.parametrize(
    ("locale", "price"),
    [("en", "€49.00"), ("en_GB", "€49.00"), ("de", "49,00 €"), ("pt_BR", "€49.00"), ("ru_KZ", "49,00 €")],
)
def test_money_is_that_of_the_readers_region(say: Callable[..., Email], locale: str, price: str) -> None:
    assert price in say("trial_reminder", locale).text.replace("\xa0", " ")


def test_the_how_tos_german_example_is_a_german_email(
    say: Callable[..., Email], write_catalogue: Callable[[str, str], Path]
) -> None:
    page = read("how-to/change-an-email.md")
    [catalogue], [expected] = blocks(page, "po"), [block for block in blocks(page, "text") if "Subject:" in block]
    write_catalogue("de", HEAD + catalogue)
    context = {"billing_url": "https://acme.example.com/billing/", "support_email": "help@acme.example.com"}

    email = say(
        "trial_reminder",
        "de",
        "Europe/London",
        mail_context={"app_name": "Acme Cloud", **context},
        plans={"pro": SimpleNamespace(name="Pro")},
    )

    said = f"Subject: {email.subject}\n\n{email.text}".replace("-- \n", "--\n").replace("\xa0", " ")
    assert said == expected
    assert '<html lang="de">' in email.html
    assert "endet am <strong>4. Dezember 2026 um 09:00 Uhr (London)</strong>." in email.html


def test_a_hosts_catalogue_wins_over_ours_and_ours_fills_its_gaps(
    say: Callable[..., Email], write_catalogue: Callable[[str, str], Path]
) -> None:
    write_catalogue("tr", HEAD + 'msgid "Hello %(name)s,"\nmsgstr "Selam %(name)s,"\n')

    text = say("trial_reminder", "tr").text

    assert text.startswith("Selam Örnek Müşteri,\n\npro deneme süreniz ")


def test_english_words_can_be_changed_by_a_catalogue_too(
    say: Callable[..., Email], write_catalogue: Callable[[str, str], Path]
) -> None:
    write_catalogue("en", HEAD + 'msgid "Hello %(name)s,"\nmsgstr "Hi %(name)s!"\n')

    assert say("trial_reminder", "en_GB").text.startswith("Hi Sample Customer!\n")


def test_a_regions_own_catalogue_wins_over_its_languages(
    say: Callable[..., Email], write_catalogue: Callable[[str, str], Path]
) -> None:
    write_catalogue("pt_BR", HEAD + 'msgid "Hello %(name)s,"\nmsgstr "Olá, %(name)s."\n')

    assert say("trial_reminder", "pt-br").text.startswith("Olá, Sample Customer.\n")
    assert say("trial_reminder", "pt_PT").text.startswith("Hello Sample Customer,\n")
    assert "4 de dezembro de 2026" in say("trial_reminder", "pt_BR").text
    assert '<html lang="pt-BR">' in say("trial_reminder", "pt_BR").html


def test_a_catalogue_that_cannot_be_read_is_named_with_its_remedy(
    say: Callable[..., Email], write_catalogue: Callable[[str, str], Path]
) -> None:
    write_catalogue("de", HEAD).write_bytes(b"no catalogue")

    with pytest.raises(TemporaryFailure, match=r"translations/de holds no readable catalogue: run pybabel compile$"):
        say("trial_reminder", "de")


def test_a_hosts_own_template_knows_the_readers_whole_locale(
    app: Flask, say: Callable[..., Email], tmp_path: Path
) -> None:
    template(app, tmp_path, "subscribed.txt", "Subject: {{ locale }} {{ contact.locale }}\n\nHi.\n")

    assert say("subscribed", "tr_CY").subject == "tr tr_CY"
