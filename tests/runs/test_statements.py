"""What a chunk costs the database, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from flask_subscription_ops.jobs.table import JOBS

from ..customers import add_trials
from ..hosts import NOON, Host, days

CHUNK = 1000
END = NOON + days(14)


@pytest.fixture
def big(make: Callable[..., Host]) -> Host:
    host = make(SUBS_BRAKE_MIN=10**6)
    host.check(NOON)  # the first run of all stores the deployment's name
    return host


def test_ending_a_chunk_costs_at_most_six_statements_and_one_commit(big: Host) -> None:
    one = _cost(big, first=0, chunks=1, now=END)
    two = _cost(big, first=CHUNK, chunks=2, now=END)

    assert two["changed"] == 2 * one["changed"] == 2 * CHUNK
    assert two["statements"] - one["statements"] <= 6
    assert two["commits"] - one["commits"] == 1


def test_reminding_a_chunk_costs_at_most_six_statements_and_one_commit(big: Host) -> None:
    one = _cost(big, first=0, chunks=1, now=NOON + days(7))
    two = _cost(big, first=CHUNK, chunks=2, now=NOON + days(7))

    assert two["changed"] == 2 * one["changed"] == 2 * CHUNK
    assert two["statements"] - one["statements"] <= 6
    assert two["commits"] - one["commits"] == 1


def test_an_idle_run_costs_the_same_whatever_the_number_of_customers(sqlite_host: Host) -> None:
    sqlite_host.check(NOON)
    with counting(sqlite_host) as few:
        sqlite_host.check(NOON)
    add_trials(sqlite_host, 0, 500, ends=END, look=END)

    with counting(sqlite_host) as many:
        sqlite_host.check(NOON)

    assert few == many


def test_an_idle_pass_of_all_jobs_costs_ten_statements(host: Host) -> None:
    begins = 4 if host.db.engine.dialect.name == "sqlite" else 0  # there BEGIN IMMEDIATE is a statement
    host.trial()
    host.deliver(NOON)
    host.check(NOON)

    with counting(host) as counted:
        for job in JOBS:
            host.subs.run_job(job, as_of=NOON)

    assert counted == {"statements": 10 + begins, "commits": 4}


def _cost(host: Host, *, first: int, chunks: int, now: datetime) -> Counter[str]:
    add_trials(host, first, chunks * CHUNK, ends=END, look=NOON, apart=-timedelta(seconds=1))
    with host.db.engine.begin() as connection:  # no two rows are alike
        connection.execute(text("UPDATE subs_subscriptions SET amount = id, interval_count = id, plan = account_id"))
    with counting(host) as counted:
        report = host.check(now, deliver=False)
    counted["changed"] = report.changed
    return counted


@contextmanager
def counting(host: Host) -> Iterator[Counter[str]]:
    engine, counted = host.subs.runtime.engine, Counter[str]()

    def statement(*_: Any) -> None:
        counted["statements"] += 1

    def commit(*_: Any) -> None:
        counted["commits"] += 1

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    try:
        yield counted
    finally:
        event.remove(engine, "before_cursor_execute", statement)
        event.remove(engine, "commit", commit)
