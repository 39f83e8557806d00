"""A chunk of rows in one statement, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from flask_subscription_ops.domain.clock import UTC
from flask_subscription_ops.models import Subscription
from flask_subscription_ops.models.bulk import update_rows

from ..customers import add_trials
from ..hosts import NOON, Host
from ..runs.test_statements import counting

seconds = st.integers(0, 250_000_000_000)  # to the year 9892
instants = seconds.map(lambda n: datetime(1970, 1, 1, microsecond=n % 10**6, tzinfo=UTC) + timedelta(seconds=n))
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=64)
rows = st.fixed_dictionaries(
    {
        "plan": texts,
        "next_plan": st.none() | texts,
        "amount": st.integers(-(2**62), 2**62),
        "usage_limit": st.none() | st.integers(-(2**31), 2**31 - 1),
        "cancel_at_period_end": st.booleans(),
        "period_end": st.none() | instants,
        "interval": st.sampled_from(["day", "month"]),
    }
)


@pytest.fixture
def crowd(host: Host) -> Iterator[Session]:
    add_trials(host, 0, 8, ends=NOON)
    with Session(host.db.engine) as session:
        yield session


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(rows, min_size=1, max_size=8))
def test_each_row_gets_its_own_values_and_the_next_version(crowd: Session, values: list[dict[str, Any]]) -> None:
    crowd.rollback()
    before = crowd.execute(select(Subscription.id, Subscription.version).order_by(Subscription.id)).all()
    given_rows = [{"id": b.id, "version": b.version, **row} for b, row in zip(before, values, strict=False)]

    assert update_rows(crowd, Subscription, given_rows) == len(values)

    found = {s.id: s for s in crowd.scalars(select(Subscription))}
    for row in given_rows:
        stored = {name: getattr(found[row["id"]], name) for name in row}
        assert stored == {**row, "version": row["version"] + 1}
    assert [found[b.id].version for b in before[len(values) :]] == [b.version for b in before[len(values) :]]


def test_a_row_in_another_version_or_that_is_gone_is_left_alone(crowd: Session) -> None:
    asked = [{"id": n, "version": version, "plan": "new"} for n, version in ((1, 1), (2, 7), (99, 1))]

    assert update_rows(crowd, Subscription, asked) == 1

    changed = crowd.execute(select(Subscription.id, Subscription.version).where(Subscription.plan == "new")).all()
    assert changed == [(1, 2)]


def test_a_thousand_rows_that_all_differ_cost_one_statement(host: Host) -> None:
    add_trials(host, 0, 1000, ends=NOON)
    asked = [
        {"id": n, "version": 1, "plan": f"plan-{n}", "amount": n, "period_end": NOON + timedelta(seconds=n)}
        for n in range(1, 1001)
    ]

    with Session(host.db.engine) as session, counting(host) as counted:
        assert update_rows(session, Subscription, asked) == 1000

    assert counted["statements"] == 1
