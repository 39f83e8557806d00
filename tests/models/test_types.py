from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, text, update

from flask_subscription_ops.errors import NaiveDatetime
from flask_subscription_ops.models import JobRun, OutboxMessage, Subscription

from ..hosts import NOON, Host

PRECISE = datetime(2026, 12, 1, 23, 59, 59, 999_999, tzinfo=timezone.utc)
NAIVE = datetime(2026, 12, 1, 12, 0)  # noqa: DTZ001  # the point


def run_at(host: Host, at: datetime) -> JobRun:
    host.db.session.add(JobRun(job="trial-check", started_at=at, as_of=at, report={}))
    host.db.session.commit()
    host.db.session.expire_all()
    return host.db.session.query(JobRun).one()


@pytest.mark.parametrize(
    "given",
    [
        PRECISE,
        PRECISE.astimezone(ZoneInfo("Asia/Kathmandu")),
        datetime(1970, 1, 1, tzinfo=timezone.utc),
        datetime(2027, 3, 28, 2, 30, tzinfo=timezone.utc),  # an hour that Berlin's clocks leave out
        datetime(2999, 12, 31, 23, 59, 59, 1, tzinfo=timezone.utc),
    ],
    ids=str,
)
def test_an_instant_comes_back_aware_in_utc_and_to_the_microsecond(host: Host, given: datetime) -> None:
    found = run_at(host, given).started_at

    assert found == given
    assert found.utcoffset() == timedelta(0)


def test_an_instant_is_compared_as_an_instant_whatever_zone_the_query_names(host: Host) -> None:
    run_at(host, PRECISE)

    def found(bound: datetime) -> bool:
        query = select(JobRun).where(JobRun.started_at <= bound.astimezone(ZoneInfo("Pacific/Kiritimati")))
        return host.db.session.scalars(query).first() is not None

    assert found(PRECISE)
    assert not found(PRECISE - timedelta(microseconds=1))


@pytest.mark.parametrize(
    "use",
    [
        lambda: select(JobRun).where(JobRun.started_at <= NAIVE),
        lambda: select(Subscription).where(Subscription.trial_ends_at > NAIVE),
        lambda: select(OutboxMessage).where(OutboxMessage.due_at.in_([NOON, NAIVE])),
        lambda: update(Subscription).values(trial_ends_at=NAIVE),
        lambda: insert(JobRun).values(job="x", started_at=NAIVE, as_of=NOON, report={}),
    ],
    ids=["compared", "compared too", "listed", "updated", "inserted"],
)
def test_a_naive_datetime_in_a_statement_is_refused_as_our_own_error(host: Host, use: Any) -> None:
    with pytest.raises(NaiveDatetime, match="2026-12-01T12:00:00 has no zone"):
        host.db.session.execute(use())


def test_a_naive_datetime_on_any_model_never_reaches_the_database(host: Host) -> None:
    host.db.session.add(JobRun(job="x", started_at=NAIVE, as_of=NOON, report={}))

    with pytest.raises(NaiveDatetime):
        host.db.session.commit()

    host.db.session.rollback()
    assert host.db.session.query(JobRun).count() == 0


def test_a_document_comes_back_as_it_was_with_every_script_of_the_world(host: Host) -> None:
    report = {"name": "Ünï 代 🎫", "list": [1, None, True, 0.5], "nested": {"a": {"b": []}}}
    host.db.session.add(JobRun(job="x", started_at=NOON, as_of=NOON, report=report))
    host.db.session.commit()

    assert host.db.session.query(JobRun).one().report == report


def test_a_document_is_stored_as_readable_text(host: Host) -> None:
    host.db.session.add(JobRun(job="x", started_at=NOON, as_of=NOON, report={"b": 1, "a": "Ü"}))
    host.db.session.commit()

    assert host.db.session.execute(text("SELECT report FROM subs_job_runs")).scalar() == '{"a": "Ü", "b": 1}'
