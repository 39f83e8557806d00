"""Several connections share a claim's emails."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from flask import current_app

from flask_subscription_ops.mail.base import Email, Outcome, Verdict
from flask_subscription_ops.models import OutboxMessage
from flask_subscription_ops.outbox import send_emails
from flask_subscription_ops.signals import effect_failed
from flask_subscription_ops.testing import Answer, ScriptedTransport

from ..hosts import NOON, Host
from .waiting import emails_to

EMAILS, CONNECTIONS = 24, 4


@pytest.fixture
def waiting(make: Callable[..., Host]) -> Host:
    return emails_to(make(), EMAILS)


def four(host: Host, answer: Answer = Verdict.ACCEPTED) -> ScriptedTransport:
    return host.script(answer, connections=CONNECTIONS)


def test_each_email_goes_once_over_one_of_them(waiting: Host) -> None:
    transport = four(waiting)

    report = waiting.deliver(NOON)

    assert report.to_dict()["effects"]["delivered"] == {"trial_started": EMAILS}
    assert set(Counter(email.key for email in transport.handed_over).values()) == {1}
    assert set(waiting.effects().values()) == {"done"}


def test_a_claim_has_as_many_emails_for_each_connection_as_for_one(
    make: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_emails, "CLAIM_SIZE", 3)
    host = emails_to(make(SUBS_MAIL_CONNECTIONS=CONNECTIONS), EMAILS)
    transport, shares = four(host), []
    hand_over = transport.send

    def send(emails: Iterable[Email]) -> Iterator[Outcome]:
        share = list(emails)
        shares.append(len(share))
        return hand_over(share)

    transport.send = send  # type: ignore[method-assign]
    host.deliver(NOON)

    assert shares == [3] * (EMAILS // 3)


def test_receivers_of_a_failed_effect_have_the_apps_context_on_each(waiting: Host) -> None:
    four(waiting, Verdict.REFUSED)
    heard: list[tuple[str, str]] = []

    def listen(app: Any, **facts: Any) -> None:
        heard.append((current_app.name, threading.current_thread().name))

    with effect_failed.connected_to(listen):
        report = waiting.deliver(NOON)

    assert report.outcome == "partial"
    assert Counter(heard) == {("host", "subscription-ops-mail"): EMAILS}


def test_an_error_on_one_ends_the_others_and_gives_back_what_was_not_sent(waiting: Host) -> None:
    transport, sent = four(waiting), []

    def send(emails: Iterable[Email]) -> Iterator[Outcome]:
        for number, email in enumerate(emails):
            if number == 1:
                raise RuntimeError("a transport with a fault of its own")
            sent.append(email.key)
            yield Outcome(email, Verdict.ACCEPTED)

    transport.send = send  # type: ignore[method-assign]

    with pytest.raises(RuntimeError, match="a fault of its own"):
        waiting.deliver(NOON)

    states = {key: state for key, state in waiting.effects().items() if state != "pending"}
    assert {key for key, state in states.items() if state == "done"} == set(sent)
    given_back = waiting.db.session.query(OutboxMessage).filter_by(state="pending", attempts=0).count()
    assert given_back >= EMAILS - 2 * CONNECTIONS
