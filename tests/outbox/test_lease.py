from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import pytest

from flask_subscription_ops import Operation
from flask_subscription_ops.mail.base import Email, Outcome
from flask_subscription_ops.models import OutboxMessage
from flask_subscription_ops.outbox import lease
from flask_subscription_ops.testing import ScriptedTransport

from ..hosts import NOON, Host
from .waiting import emails_to, operations_of

EFFECTS = 4


class Clock:
    """This machine's clock, which tests put forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(lease, "_awake_or_asleep", clock)
    return clock


class Slow(ScriptedTransport):
    """Takes so many seconds for each email."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        super().__init__()
        self._clock, self._seconds = clock, seconds

    def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
        for outcome in super().send(emails):
            self._clock.now += self._seconds
            yield outcome


@pytest.mark.parametrize(("seconds", "sent"), [(120 - 20, 1), (120 - 21, 2), (0, EFFECTS)])
def test_no_email_is_handed_over_that_might_end_after_the_lease(
    make: Callable[..., Host], clock: Clock, seconds: float, sent: int
) -> None:
    host = make(SUBS_LEASE_SECONDS=120, SUBS_MAIL_TIMEOUT=20)
    emails_to(host, EFFECTS)
    transport = host.subs.runtime.transport = Slow(clock, seconds)

    report = host.deliver(NOON, limit=EFFECTS)

    assert report.outcome.exit_code == 0
    assert len(transport.handed_over) == sent
    assert _states(host) == Counter({("done", 1): sent, ("pending", 0): EFFECTS - sent})


def test_no_operation_is_begun_that_might_end_after_the_lease(make: Callable[..., Host], clock: Clock) -> None:
    host = make(SUBS_LEASE_SECONDS=120, SUBS_HOOK_TIMEOUT=30)
    for number in range(EFFECTS):
        operations_of(host, str(number), products=("a",))
    host.db.session.query(OutboxMessage).filter_by(channel="email").delete()
    host.db.session.commit()
    begun = []

    def suspend(account_id: str, operation: Operation) -> None:
        begun.append(account_id)
        clock.now += 90

    host.subs.suspend_workspaces(suspend)
    host.deliver(NOON, limit=EFFECTS)

    assert begun == ["0"]
    assert _states(host) == {("done", 1): 1, ("pending", 0): EFFECTS - 1}


def _states(host: Host) -> Counter[tuple[str, int]]:
    host.db.session.rollback()
    return Counter((message.state, message.attempts) for message in host.db.session.query(OutboxMessage))
