from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_subscription_ops.errors import PermanentFailure
from flask_subscription_ops.mail.address import mailbox, named_mailbox, written
from flask_subscription_ops.outside.text import one_line


@pytest.mark.parametrize(
    ("address", "ascii_form"),
    [
        ("ada@example.com", "ada@example.com"),
        ("ada+billing@example.com", "ada+billing@example.com"),
        ("o'brien.pat@sub.example.co.uk", "o'brien.pat@sub.example.co.uk"),
        ("Ada@EXAMPLE.com", "Ada@EXAMPLE.com"),
        ("root@localhost", "root@localhost"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ада@пример.рф".replace("ада", "ada"), "ada@xn--e1afmkfd.xn--p1ai"),
        ("ada@faß.de", "ada@xn--fa-hia.de"),
        ("ada@FAẞ.de", "ada@xn--fa-hia.de"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"),
        ("ada@βόλος.com", "ada@xn--nxasmm1c.com"),
        ("ada@xn--fa-hia.de", "ada@xn--fa-hia.de"),
        (" ada@example.com", "ada@example.com"),
        ("\tada@example.com\r\n", "ada@example.com"),
        ("\u00a0ada@bücher.example\u2003", "ada@xn--bcher-kva.example"),
    ],
)
def test_one_mailbox_is_accepted(address: str, ascii_form: str) -> None:
    assert mailbox(address) == ascii_form


@pytest.mark.parametrize(
    "address",
    [
        "",
        " ",
        "ada",
        "@example.com",
        "ada@",
        "a@b, c@d",
        "a@b;c@d",
        "x <a@b>",
        "<a@b>",
        "a b@example.com",
        "a@exam ple.com",
        "a@example.com\r\nBcc: b@example.com",
        "a\x00@example.com",
        "a@b@example.com",
        '"a b"@example.com',
        "a..b@example.com",
        ".a@example.com",
        "a@example..com",
        "a@-example.com",
        "a@[127.0.0.1]",
        "a@example.com.",
        "имя@example.com",
        "a@\u2028example.com",
        "a@" + "ü" * 300 + ".com",
        "a@" + "ü." * 100 + "com",
        "a@💩.example",
        "a@ü..example",
        "a@-ü.example",
        "a@ex\u200dample.com",
        "a@\u0301ü.example",
        "a@bücher.example.",
        "a @example.com",
        "a\n@example.com",
        "a" * 65 + "@example.com",
        "a@" + "x" * 250 + ".com",
        "group: a@b;",
    ],
)
def test_anything_else_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(PermanentFailure) as caught:
        mailbox(address)

    assert not address.strip() or address not in str(caught.value)


LABELS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
ADDRESSES = st.builds(lambda local, labels: f"{local}@{'.'.join(labels)}", st.text(max_size=8), st.lists(LABELS))


@given(st.text(max_size=60) | ADDRESSES | ADDRESSES.map(lambda text: f" {text}\n"))
def test_what_is_accepted_is_one_mailbox_safe_in_a_command_and_stays_as_it_is(text: str) -> None:
    try:
        address = mailbox(text)
    except PermanentFailure:
        return

    assert address.isascii()
    assert address.count("@") == 1
    assert len(address) <= 254
    assert not set(address) & set(' <>,;:\r\n\x00"')
    assert mailbox(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "a@" + "x" * 1_000_000,
        "a@" + "ü" * 1_000_000,
        "a@" + "ü." * 500_000,
        "x" * 1_000_000 + "@example.com",
        "@" * 10**6,
    ],
    ids=["long", "international", "labels", "local part", "signs"],
)
def test_a_megabyte_is_refused_at_once(address: str) -> None:
    began = time.perf_counter()

    with pytest.raises(PermanentFailure, match=r"longer than 254|mailbox"):
        mailbox(address)

    assert time.perf_counter() - began < 0.1


@pytest.mark.parametrize(
    ("name", "address"),
    [("", "a@example.com"), ("Acme", "a@example.com"), ('Acme "Şirket", Inc. \\', "a@example.com")],
)
def test_a_written_sender_is_read_back(name: str, address: str) -> None:
    assert named_mailbox(written(name, address)) == (name, address)


HOSTILE = st.text(st.characters() | st.sampled_from("\r\n\x00\x85\u2028\u2029\u202e\u2066\u200b\ud800"), max_size=400)


@given(HOSTILE)
def test_one_line_is_one_printable_line(text: str) -> None:
    line = one_line(text)

    assert len(line) <= 200
    assert len(line.splitlines()) <= 1
    assert not set(line) & set("\r\n\x00\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
    line.encode()
    assert one_line(line) == line


def test_a_text_of_controls_becomes_nothing_in_no_time() -> None:
    assert one_line("\u202e" * 10_000_000) == ""


@pytest.mark.parametrize("name", ["Plain Name", "Örnek Müşteri", "Анна", "李雷", "אדה", "می‌خواهم", "👩‍💻"])
def test_honest_names_stay_as_they_are(name: str) -> None:
    assert one_line(name) == name
