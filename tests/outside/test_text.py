from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from flask_subscription_ops.errors import InvalidInput, PermanentFailure
from flask_subscription_ops.outside.text import clean, describe, is_storable, one_line, redacted, require_text

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)
POISON = [
    "half \ud800 a character",
    "\x00",
    "red \x1b[31m alert \x9b0m",
    "two\r\nlines\u2028and\x85more",
    "\u202egnp.exe",
    "x" * 70_000,
    "ж" * 70_000,
    "🎫" * 70_000,
    "\x00" * 10_000_000,
    "наука, 科学, علم",
]


class Mute:
    """An object whose text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class MuteText(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("no text")


def poisoned(test: Any) -> Any:
    for text in POISON:
        test = example(text)(test)
    return test


@poisoned
@given(ANY_TEXT)
def test_clean_text_is_one_storable_line_however_it_came(text: str) -> None:
    found = clean(text, max_bytes=500)

    assert len(found.encode()) <= 500
    assert len(f"<{found}>".splitlines()) == 1
    assert is_storable(found)
    assert not set(found) & set("\x00\x1b\x9b\x7f\u202e\u2066\u200b\ufeff")
    assert clean(found, max_bytes=500) == found


@pytest.mark.parametrize("text", ["", "Ada", "  indented", "İstanbul 代 ماء", "👩🏽‍💻", "क्षि", "a" * 500])
def test_what_is_clean_already_stays_as_it_is(text: str) -> None:
    assert clean(text, max_bytes=500) == text


def test_a_character_is_never_cut_in_two() -> None:
    found = clean("🎫" * 100, max_bytes=50)

    assert found == "🎫" * 11 + "…"


@pytest.mark.parametrize(
    ("value", "text"),
    [(Mute(), "Mute"), (MuteText("x"), "MuteText"), (None, "None"), (7, "7"), (b"\xff", r"b'\xff'")],
)
def test_any_object_has_a_text(value: object, text: str) -> None:
    assert clean(value) == one_line(value) == redacted(value) == text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("550 5.1.1 <ada@customer.example>: unknown", "550 5.1.1 <address>: unknown"),
        ("Ada <ada@customer.example>", "Ada <address>"),
        ("no mailbox 'o'brien+x@customer.example'", "no mailbox <address>"),
        ('"Ada Lovelace"@customer.example bounced', "<address> bounced"),
        ("to=ada@bücher.example;to=用户@例子.广告", "<address>;<address>"),
        ("GET https://api.example/?email=ada%40customer.example", "GET https:<address>"),
        ("ada\u200b@customer.example", "<address>"),
        ("a@b@c", "<address>"),
        ("mailto:ada@[127.0.0.1]", "mailto:<address>"),
        ("postgresql://subs:s3cr@t@db.example/app is down", "postgresql://subs:***@db.example/app is down"),
        ("redis://:s3cret@cache", "redis://:***@cache"),
        ("?user=subs&password=s3cret&api_key=s3cret", "?user=subs&password=***&api_key=***"),
        ("decorate it with @subs.contacts", "decorate it with @subs.contacts"),
    ],
)
def test_redacted_text_names_no_mailbox_and_no_password(said: str, shown: str) -> None:
    assert redacted(said) == shown
    assert redacted(shown) == shown


@poisoned
@given(ANY_TEXT)
def test_redacted_text_is_at_most_two_hundred_characters(text: str) -> None:
    found = redacted(text)

    assert len(found) <= 200
    assert len(f"<{found}>".splitlines()) == 1
    assert redacted(found) == found


@given(st.emails(), st.text(st.sampled_from("ab, <>:'\n"), max_size=250), ANY_TEXT)
def test_no_mailbox_shows_wherever_it_stands(email: str, before: str, after: str) -> None:
    assert email not in redacted(f"{before} {email} {after}")


@pytest.mark.parametrize("text", ["a" * 9**7, "a@" * 9**6, "://a:" * 9**6, '"' * 9**7, "a%40" * 9**6, "\u202e" * 9**7])
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()

    redacted(text)

    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "got NoneType"),
        (7, "got int"),
        (Mute(), "got Mute"),
        ("", "a string of 1 to 9 characters, got 0"),
        ("pm_secret_123", "a string of 1 to 9 characters, got 13"),
        ("pm_s\n", "got U[+]000A at position 4"),
        ("pm_s\x00", "U[+]0000"),
        ("pm_s\ud800", "U[+]D800"),
        ("pm_s\u2028", "U[+]2028"),
        ("pm_s\x1b[m", "U[+]001B"),
        ("pm_s\u202e", "U[+]202E"),
    ],
)
def test_what_cannot_be_kept_is_refused_without_repeating_it(value: object, problem: str) -> None:
    with pytest.raises(InvalidInput, match=f"^card must be .*{problem}") as refused:
        require_text(value, "card", longest=9)

    assert "pm_s" not in str(refused.value)


@poisoned
@given(ANY_TEXT)
def test_what_is_accepted_is_shown_as_it_is(text: str) -> None:
    try:
        accepted = require_text(text, "reason", longest=200, shortest=0)
    except InvalidInput:
        return
    assert accepted == clean(text) == text
    assert json.loads(json.dumps(accepted, ensure_ascii=False).encode()) == text


def test_a_string_of_another_kind_is_taken_as_a_plain_one() -> None:
    accepted = require_text(MuteText("card"), "card", longest=9)

    assert (type(accepted), accepted) == (str, "card")


class Statement(IntegrityError):
    """A host's own kind of database error."""


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            RuntimeError("cannot stop\n/srv/\udcff of ada@customer.example"),
            "RuntimeError: cannot stop /srv/ of <address>",
        ),
        (RuntimeError(), "RuntimeError"),
        (RuntimeError(Mute()), "RuntimeError"),
        (PermanentFailure("no such\nworkspace"), "no such workspace"),
        (PermanentFailure(), "PermanentFailure"),
        (IntegrityError("INSERT", {"name": "Ada"}, Exception("Ada exists")), "IntegrityError"),
        (Statement("INSERT", {"name": "Ada"}, Exception("Ada exists")), "Statement"),
        (type("Two\nlines", (Exception,), {})("x"), "Two lines: x"),
        (KeyError("x" * 1000), "KeyError: '" + "x" * 188 + "…"),
    ],
)
def test_an_error_is_described_in_one_line(error: Exception, text: str) -> None:
    assert describe(error) == text
