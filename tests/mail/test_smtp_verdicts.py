"""Every answer at every step of a delivery, from a real server."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from flask import Flask

from flask_subscription_ops.mail.base import Email, Outcome, Verdict
from flask_subscription_ops.mail.smtp.transport import SmtpTransport

from .fake_smtp import FakeSmtp

US, LATER, NEVER = (Verdict.DEFERRED, True), (Verdict.DEFERRED, False), (Verdict.REFUSED, False)
PERHAPS = (Verdict.UNKNOWN, False)

BEFORE_THE_EMAIL = ["connect", "EHLO", "STARTTLS", "AUTH", "MAIL"]
OF_THE_EMAIL = ["RCPT", "DATA", "end"]
ANSWERS = {
    "421 4.3.2 too many connections": (US, US, US),
    "421": (US, US, US),
    "450": (LATER, LATER, LATER),
    "450 4.2.1 mailbox busy": (LATER, LATER, LATER),
    "450 4.7.1 greylisted": (LATER, US, US),
    "451 4.7.500 server busy": (LATER, US, US),
    "451 4.4.1 no answer from host": (US, US, US),
    "450 4.1.7 sender not found": (US, US, US),
    "450 4.1.8 sender's domain not found": (US, US, US),
    "451 4.3.0 local error": (LATER, LATER, LATER),
    "452 4.3.1 disk full": (LATER, LATER, LATER),
    "452 4.5.3 too many recipients": (LATER, LATER, LATER),
    "500 5.5.2 what?": (US, US, US),
    "501 5.1.3 bad recipient": (NEVER, NEVER, NEVER),
    "503 5.5.1 log in first": (US, US, US),
    "504": (US, US, US),
    "504 5.5.2 need a full name": (US, US, US),
    "521 5.3.2 takes no mail": (US, US, US),
    "530 5.7.0 must issue STARTTLS": (US, US, US),
    "530": (US, US, US),
    "534 5.7.9 too weak": (US, US, US),
    "535 5.7.8 wrong password": (US, US, US),
    "538 5.7.11 encrypt": (US, US, US),
    "550": (NEVER, NEVER, NEVER),
    "550 5.1.1 unknown": (NEVER, NEVER, NEVER),
    "550 #5.1.0 rejected": (NEVER, NEVER, NEVER),
    "550 5.1.7 sender": (US, US, US),
    "553 5.1.8 sender's domain": (US, US, US),
    "550 5.4.1 no route": (US, US, US),
    "550 5.7.1 not allowed": (US, US, US),
    "550-5.7.26 not authenticated\r\n550 5.7.26 see the manual": (US, US, US),
    "550 5.17.1 no such code": (NEVER, NEVER, NEVER),
    "552 5.2.2 full": (NEVER, NEVER, NEVER),
    "552 5.3.4 too large": (NEVER, NEVER, NEVER),
    "554": (NEVER, NEVER, NEVER),
    "554 5.6.0 content": (NEVER, NEVER, NEVER),
    "556 5.1.10 null MX": (NEVER, NEVER, NEVER),
    "334 go on": (LATER, LATER, PERHAPS),
    "150 hm": (LATER, LATER, PERHAPS),
    "650 hm": (LATER, LATER, PERHAPS),
    "well, perhaps": (LATER, LATER, PERHAPS),
}
Send = Callable[[], list[Outcome]]


@pytest.fixture(params=[["PIPELINING"], []], ids=["pipelined", "in steps"])
def send(
    request: pytest.FixtureRequest,
    smtp_app: Flask,
    smtp_server: FakeSmtp,
    make_settings: Callable[..., Any],
    make_email: Callable[..., Email],
) -> Send:
    smtp_server.extensions = [*request.param, "STARTTLS", "AUTH PLAIN"]
    return lambda: list(SmtpTransport(smtp_app, make_settings()).send([make_email(1), make_email(2)]))


@pytest.mark.parametrize(
    ("step", "answer"),
    # To smtplib, 503 after AUTH is "logged in already"; the server has its say at MAIL.
    [pair for pair in product(BEFORE_THE_EMAIL, ANSWERS) if pair != ("AUTH", "503 5.5.1 log in first")],
)
def test_before_the_server_heard_of_the_email_no_answer_is_about_it(
    send: Send, smtp_app: Flask, smtp_server: FakeSmtp, step: str, answer: str
) -> None:
    smtp_app.extensions["mail"].use_tls = step == "STARTTLS"
    if step == "AUTH":
        smtp_app.extensions["mail"].username = smtp_app.extensions["mail"].password = "x"
    smtp_server.replies = {step[:4] if step != "connect" else step: answer, "HELO": answer}

    outcomes = send()

    assert [(outcome.verdict, outcome.unreachable) for outcome in outcomes] == [US, US]
    assert smtp_server.accepted == []


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("step", OF_THE_EMAIL)
def test_an_answer_about_the_email_is_judged_by_what_it_says(
    send: Send, smtp_server: FakeSmtp, step: str, answer: str
) -> None:
    answers = iter([answer])
    smtp_server.replies[step] = lambda _: next(answers, "")
    expected = ANSWERS[answer][OF_THE_EMAIL.index(step)]

    first, second = send()

    assert (first.verdict, first.unreachable) == expected
    assert (second.verdict, second.unreachable) == (US if expected == US else (Verdict.ACCEPTED, False))
    assert len(smtp_server.accepted) == (expected != US)
    assert re.fullmatch(r"(RCPT|DATA|end of data) answered -?\d+( \d\.\d+\.\d+)?", first.detail)
