from __future__ import annotations

import email.policy
import subprocess
import sys
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any, cast

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flask_subscription_ops.mail.base import Email
from flask_subscription_ops.mail.mime import to_bytes
from flask_subscription_ops.outside.text import one_line

HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "X-Subs-Effect",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
]
HOSTILE = st.text(st.characters() | st.sampled_from('\r\n\x00\x85\u2028\u2029\u202e\ud800=?<>"\\,:'), max_size=300)
quickly = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def parsed(content: bytes) -> EmailMessage:
    return cast(EmailMessage, email.message_from_bytes(content, policy=email.policy.default))


@quickly
@given(name=HOSTILE, subject=HOSTILE, key=HOSTILE)
@example(name="x\r\nBcc: b@example.com", subject="x\r\n\r\nbody", key="k\r\nX: y")
@example(name='", b@example.com, "', subject="=?utf-8?q?=0D=0ABcc=3A_b=40example.com?=", key="")
@example(name="x" * 10_000, subject="ş" * 10_000, key="k" * 10_000)
def test_no_text_adds_changes_or_ends_headers(
    make_email: Callable[..., Email], name: str, subject: str, key: str
) -> None:
    hostile = make_email(
        recipient_name=name, subject=subject, headers={"X-Subs-Effect": key, "Auto-Submitted": "auto-generated"}
    )

    message = parsed(to_bytes(hostile))

    assert message.keys() == HEADERS
    assert message.defects == []
    [recipient] = message["To"].addresses
    assert recipient.addr_spec == "user1@example.com"
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


@quickly
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), max_size=200))
def test_a_subject_arrives_as_it_was_meant(make_email: Callable[..., Email], subject: str) -> None:
    message = parsed(to_bytes(make_email(subject=subject)))

    assert " ".join(message["Subject"].split()) == " ".join(one_line(subject).split())


@quickly
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"), max_size=500))
def test_a_text_arrives_as_it_was_meant(make_email: Callable[..., Email], text: str) -> None:
    plain, html = parsed(to_bytes(make_email(text=text, html=text))).iter_parts()

    for part in (plain, html):
        content = cast(bytes, part.get_payload(decode=True)).decode().replace("\r\n", "\n")
        assert content.removesuffix("\n") == text.removesuffix("\n")


def test_every_line_is_short_ascii_and_ends_with_crlf(make_email: Callable[..., Email]) -> None:
    content = to_bytes(make_email(text="длинная строка " * 500, html="x" * 5000, subject="ş" * 250))

    assert content.isascii()
    assert content.endswith(b"\r\n")
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\n" in line or b"\r" in line for line in lines)


def test_the_same_email_is_the_same_bytes_in_another_process(make_email: Callable[..., Email]) -> None:
    code = (
        "import pickle, sys; from flask_subscription_ops.mail.mime import to_bytes;"
        "sys.stdout.buffer.write(to_bytes(pickle.load(sys.stdin.buffer)))"
    )
    email_there = make_email(subject="Ваш пробный период", text="ş" * 500)
    import pickle

    result = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(email_there), capture_output=True, check=True
    )

    assert result.stdout == to_bytes(email_there)


def test_the_date_is_when_it_was_first_tried(make_email: Callable[..., Email]) -> None:
    message: Any = parsed(to_bytes(make_email()))

    assert message["Date"].datetime == make_email().date
    assert message["Message-ID"] == "<1@acme.test>"
