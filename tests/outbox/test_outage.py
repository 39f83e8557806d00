"""An outage of the other side, however long, costs nothing but time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from flask_subscription_ops.errors import Unreachable
from flask_subscription_ops.models import OutboxMessage

from ..hosts import NOON, Host, days
from .outsides import OUTSIDE, Outside, operation


@pytest.mark.parametrize("name", OUTSIDE)
def test_after_thirty_days_everything_goes_within_the_hour_in_order_of_urgency(
    make_on_sqlite: Callable[..., Host], caplog: pytest.LogCaptureFixture, name: str
) -> None:
    host = make_on_sqlite(SUBS_EMAILS_OFF=() if name != "provisioner" else ("subscribed",))

    later = sorted(Random(name).sample(range(61, 30 * 24 * 60), 60))
    runs = [NOON + timedelta(minutes=minute) for minute in (*range(61), *later)]

    _outlive(host, OUTSIDE[name], caplog, runs=runs, queue_every=days(3), until=NOON + days(30))


@pytest.mark.parametrize("name", OUTSIDE)
def test_an_outage_loses_nothing_on_any_database(
    make: Callable[..., Host], caplog: pytest.LogCaptureFixture, name: str
) -> None:
    host = make(SUBS_EMAILS_OFF=() if name != "provisioner" else ("subscribed",), SUBS_MAX_ATTEMPTS=2)

    runs = [NOON + timedelta(hours=hour) for hour in range(0, 48, 8)]

    _outlive(host, OUTSIDE[name], caplog, runs=runs, queue_every=timedelta(hours=16), until=NOON + days(2))


def test_a_provisioner_of_one_account_that_is_away_holds_up_no_other(host: Host) -> None:
    for number in range(1, 6):
        operation(host, str(number), NOON)
    carried_out: list[str] = []

    def suspend(account_id: str, operation: Any) -> None:
        if account_id == "2":
            raise Unreachable("its machine is away")
        carried_out.append(account_id)

    host.subs.suspend_workspaces(suspend)
    reports = [host.deliver(NOON + days(day)) for day in range(12)]

    assert carried_out == ["1", "3", "4", "5"]
    assert {(report.outcome.exit_code, report.deferred) for report in reports} == {(0, 1)}
    assert _operations(host).one().attempts == 0


def test_slow_failures_of_a_dead_provisioner_end_with_the_first_claims(host: Host) -> None:
    for number in range(100):
        operation(host, str(number), NOON)
    asked: list[str] = []

    def suspend(account_id: str, operation: Any) -> None:
        asked.append(account_id)
        raise Unreachable("nobody answers")

    host.subs.suspend_workspaces(suspend)
    report = host.deliver(NOON)

    assert len(asked) == len(set(asked)) == 60
    assert report.tally.deferred == {"suspend_workspaces": 100}


def _rows(host: Host) -> list[tuple[Any, ...]]:
    host.db.session.rollback()
    table: Any = OutboxMessage.__table__
    return [tuple(row) for row in host.db.session.execute(table.select().order_by(table.c.id))]


def _operations(host: Host) -> Any:
    host.db.session.rollback()
    return host.db.session.query(OutboxMessage).filter_by(channel="workspaces", state="pending")


def _outlive(
    host: Host,
    outside: Outside,
    caplog: pytest.LogCaptureFixture,
    *,
    runs: Sequence[datetime],
    queue_every: timedelta,
    until: datetime,
) -> None:
    """Run at these instants. A run leaves every row as the one before it: so would any number of runs between."""
    caplog.set_level(logging.WARNING)
    outside.away(host)
    queued, before = 0, []
    for at in runs:
        is_first = at >= NOON + queued * queue_every
        if is_first:
            outside.queue(host, str(queued), at)
            queued += 1
        caplog.clear()
        report = host.deliver(at)
        [(_, count)] = report.tally.deferred.items()
        assert (report.outcome.exit_code, report.failures, count) == (0, [], queued)
        assert [record.getMessage().partition(":")[0] for record in caplog.records] == [outside.line]
        before, known = _rows(host), before
        assert is_first or before == known
    accepted = outside.back(host)
    host.deliver(until)
    host.db.session.rollback()

    waited = list(host.db.session.query(OutboxMessage).order_by(OutboxMessage.created_at, OutboxMessage.id))
    assert len(waited) == queued
    assert {(m.state, m.attempts) for m in waited} == {("done", 1)}
    assert accepted() == [m.effect_key for m in waited]
