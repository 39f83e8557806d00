from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from flask_mail import Mail
from flask_sqlalchemy import SQLAlchemy

from flask_subscription_ops import Contact, SubscriptionOps

from ..hosts import CONFIG, NOON, Host, days, register_hooks


class Letterbox:
    """Keeps what a mail server received; refuses whom a test names."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.refused: set[str] = set()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        assert message["To"].addresses[0].addr_spec == envelope.rcpt_tos[0]
        self.received.append(message)
        return "250 OK"


@contextmanager
def serving(port: int) -> Iterator[Letterbox]:
    """A mail server that is up for so long."""
    box = Letterbox()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield box
    finally:
        server.stop()


@pytest.fixture
def port() -> int:
    """A port that nobody listens at yet."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def mailing_host(sqlite_url: str, port: int) -> Iterator[Host]:
    db, subs, app = SQLAlchemy(), SubscriptionOps(), Flask("Acme")
    app.config.update(
        CONFIG,
        SUBS_MAIL="smtp",
        MAIL_SERVER="127.0.0.1",
        MAIL_PORT=port,
        SQLALCHEMY_DATABASE_URI=sqlite_url,
    )
    host = Host(app, db, subs)
    register_hooks(host)
    db.init_app(app)
    Mail(app)
    subs.init_app(app)
    with app.app_context():
        db.create_all()
        yield host
        db.session.remove()
        db.engine.dispose()


def test_a_trials_life_arrives_at_a_mail_server(mailing_host: Host, port: int) -> None:
    mailing_host.known["1"] = Contact("ayse@customer.example", "Ayşe Öztürk", "tr", "Europe/Istanbul")
    mailing_host.trial("1")

    with serving(port) as box:
        for day in range(16):
            mailing_host.check(NOON + days(day))

    assert [message["X-Subs-Effect"] for message in box.received] == [
        key for key in mailing_host.effects() if not key.startswith("suspend")
    ]
    assert len({message["Message-ID"] for message in box.received}) == 5
    assert {str(message["To"]) for message in box.received} == {"Ayşe Öztürk <ayse@customer.example>"}
    assert all(message.is_multipart() and "Ayşe" in text_of(message) for message in box.received)
    assert mailing_host.stopped == ["1"]


def test_a_refused_recipient_stops_nobody_elses_email(mailing_host: Host, port: int) -> None:
    for number in "123":
        mailing_host.trial(number)

    with serving(port) as box:
        box.refused.add("owner-2@customer.example")
        report = mailing_host.deliver(NOON)

    assert recipients(box) == ["owner-1@customer.example", "owner-3@customer.example"]
    assert report.outcome.exit_code == 1
    assert mailing_host.effects()["trial-started:sub-2:2026-12-15"] == "dead"


def test_emails_wait_for_a_server_that_is_down_and_arrive_once(mailing_host: Host, port: int) -> None:
    for number in "123":
        mailing_host.trial(number)

    down = mailing_host.deliver(NOON)
    with serving(port) as box:
        for hour in (1, 2):
            mailing_host.deliver(NOON + days(hour / 24))

    assert (down.outcome.exit_code, down.deferred) == (0, 3)
    assert recipients(box) == [f"owner-{number}@customer.example" for number in "123"]


def recipients(box: Letterbox) -> list[str]:
    return sorted(str(message["To"]) for message in box.received)


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())
