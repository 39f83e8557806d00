from __future__ import annotations

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
        " a@example.com",
        "a@example.com ",
        "a@exam ple.com",
        "a@example.com\r\nBcc: b@example.com",
        "a@example.com\n",
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
        "a" * 65 + "@example.com",
        "a@" + "x" * 250 + ".com",
        "group: a@b;",
    ],
)
def test_anything_else_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(PermanentFailure) as caught:
        mailbox(address)

    assert not address.strip() or address not in str(caught.value)


@given(st.text(max_size=60))
def test_what_is_accepted_is_safe_in_a_command(text: str) -> None:
    try:
        address = mailbox(text)
    except PermanentFailure:
        return

    assert address.isascii()
    assert address.count("@") == 1
    assert not set(address) & set(' <>,;:\r\n\x00"')


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
