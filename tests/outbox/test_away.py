"""Real servers that are away, each in its own way: it costs an email time, and never a try."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
from flask_mail import Mail

from flask_subscription_ops.models import OutboxMessage

from ..hosts import NOON, Host
from ..mail.fake_mailjet import FakeMailjet
from ..mail.fake_smtp import FakeSmtp

AWAY: dict[str, dict[str, Any]] = {
    "greets with 421": {"replies": {"connect": "421 later"}},
    "leaves at once": {"drops": {"connect"}},
    "leaves at MAIL": {"drops": {"MAIL"}},
    "wants a login": {"replies": {"MAIL": "530 5.7.0 log in first"}},
    "knows no relaying": {"replies": {"RCPT": "550 5.7.1 relaying denied"}},
    "closes at RCPT": {"replies": {"RCPT": "421 4.3.2 going down"}},
}
EMAILS = 3


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port on which nobody listens, and nobody will."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


@pytest.mark.parametrize("way", AWAY)
def test_a_mail_server_that_cannot_be_used(make_on_sqlite: Callable[..., Host], way: str) -> None:
    with FakeSmtp() as server:
        host = make_on_sqlite(**_smtp(server.port))
        Mail().init_app(host.app)
        vars(server).update(AWAY[way])
        _be_away(host)
        server.replies, server.drops = {}, set()

        assert _come_back(host) == [message_from_bytes(email)["X-Subs-Effect"] for email in server.accepted]


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_mailjet_that_cannot_be_used(make_on_sqlite: Callable[..., Host], status: int) -> None:
    with FakeMailjet() as server:
        host = make_on_sqlite(**_mailjet(server.server_address[1]))
        server.statuses = [status] * 100
        _be_away(host)
        server.statuses = []

        assert _come_back(host) == list(server.accepted)


def test_a_mailjet_that_answers_nothing_but_errors_costs_one_try(make_on_sqlite: Callable[..., Host]) -> None:
    with FakeMailjet() as server:
        host = make_on_sqlite(**_mailjet(server.server_address[1]))
        _queue(host)
        server.statuses = [503] * 100
        runs = [host.deliver(NOON + timedelta(hours=hour)) for hour in range(1, 72, 6)]
        server.statuses = []
        host.deliver(NOON + timedelta(hours=72))

        assert {(run.outcome.exit_code, len(run.failures)) for run in runs} == {(0, 0)}
        assert set(_waited(host)) == {(key, "done", 2) for key in server.accepted}


@pytest.mark.parametrize("transport", ["smtp", "mailjet"])
def test_a_port_on_which_nobody_listens(make_on_sqlite: Callable[..., Host], nobody: int, transport: str) -> None:
    host = make_on_sqlite(**(_smtp if transport == "smtp" else _mailjet)(nobody))
    Mail().init_app(host.app)
    _be_away(host)

    assert {(state, attempts) for _, state, attempts in _waited(host)} == {("pending", 0)}


def _smtp(port: int) -> dict[str, Any]:
    return {"SUBS_MAIL": "smtp", "MAIL_SERVER": "127.0.0.1", "MAIL_PORT": port, "SUBS_MAX_ATTEMPTS": 2}


def _mailjet(port: int) -> dict[str, Any]:
    keys = {"SUBS_MAILJET_API_KEY": "0123456789abcdef", "SUBS_MAILJET_API_SECRET": "fedcba9876543210"}
    return {
        "SUBS_MAIL": "mailjet",
        "SUBS_MAILJET_API_BASE": f"http://127.0.0.1:{port}/",
        "SUBS_MAX_ATTEMPTS": 2,
        **keys,
    }


def _queue(host: Host) -> None:
    for number in range(EMAILS):
        host.at(NOON + timedelta(minutes=number))
        host.subs.subscribe(str(number), "pro")
        host.db.session.commit()


def _be_away(host: Host) -> None:
    """Deliver more often than there are tries."""
    _queue(host)
    for hour in range(1, 5):
        run = host.deliver(NOON + timedelta(hours=hour))
        assert (run.outcome.exit_code, run.deferred, run.failures) == (0, EMAILS, [])


def _come_back(host: Host) -> list[str]:
    """Deliver once more; return the keys in order of urgency, all of them done at the first try that counted."""
    host.deliver(NOON + timedelta(hours=5))
    assert {(state, attempts) for _, state, attempts in _waited(host)} == {("done", 1)}
    return [key for key, _, _ in _waited(host)]


def _waited(host: Host) -> list[tuple[str, str, int]]:
    host.db.session.rollback()
    rows = host.db.session.query(OutboxMessage).order_by(OutboxMessage.created_at, OutboxMessage.id)
    return [(message.effect_key, message.state, message.attempts) for message in rows]
