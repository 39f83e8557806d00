"""When an acceptance is written down: at once, and those of one outside call together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, func, select

from flask_subscription_ops.mail.base import Email, Outcome, Verdict
from flask_subscription_ops.mail.failover import FailoverTransport
from flask_subscription_ops.models import OutboxMessage
from flask_subscription_ops.outbox import settle
from flask_subscription_ops.testing import ScriptedTransport

from ..hosts import NOON, Host
from .waiting import emails_to

EMAILS = 7


@pytest.fixture
def waiting(make: Callable[..., Host]) -> Host:
    return emails_to(make(), EMAILS)


class Watched(ScriptedTransport):
    """Notes at each hand-over how many emails stand as done."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self.seen: list[int] = []
        self._runtime = host.subs.runtime

    def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
        for outcome in super().send(emails):
            self.seen.append(self._recorded())
            yield outcome

    def _recorded(self) -> int:
        done = select(func.count()).select_from(OutboxMessage).where(OutboxMessage.state == "done")
        with self._runtime.reading() as session:
            return session.scalar(done) or 0


class Together(ScriptedTransport):
    """Takes all emails in one call."""

    batch_size = 50

    def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
        *most, last = super().send(list(emails))
        yield from (replace(outcome, more_follow=True) for outcome in most)
        yield last


class Away(ScriptedTransport):
    """Takes up to fifty emails a call, and cannot be reached."""

    batch_size = 50

    def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
        for email in list(emails):
            yield Outcome(email, Verdict.DEFERRED, "away", unreachable=True)


def test_each_acceptance_is_written_down_before_the_next_email_leaves(waiting: Host) -> None:
    transport = waiting.subs.runtime.transport = Watched(waiting)

    waiting.deliver(NOON)

    assert transport.seen == list(range(EMAILS))


def test_so_it_is_after_a_fail_over_from_a_transport_of_large_calls(waiting: Host) -> None:
    second = Watched(waiting)
    waiting.subs.runtime.transport = FailoverTransport([Away(), second])

    waiting.deliver(NOON)

    assert second.seen == list(range(EMAILS))


def test_one_more_email_is_one_more_statement_and_that_is_built_once(waiting: Host) -> None:
    sent: list[str] = []
    waiting.deliver(NOON, limit=1)
    built = settle._one.cache_info().misses
    event.listen(waiting.db.engine, "after_cursor_execute", lambda *arguments: sent.append(arguments[2]))

    waiting.deliver(NOON, limit=2)
    fewer = len(sent)
    waiting.deliver(NOON, limit=4)
    more = len(sent) - fewer

    assert more - fewer == 2
    assert settle._one.cache_info().misses == built


def test_the_acceptances_of_one_call_are_written_down_together(waiting: Host) -> None:
    waiting.subs.runtime.transport = Together()
    written: list[int] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE subs_outbox"):
            written.append(cursor.rowcount)

    event.listen(waiting.db.engine, "after_cursor_execute", note)
    waiting.deliver(NOON)

    assert written == [EMAILS, EMAILS]  # claimed, accepted
