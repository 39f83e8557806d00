from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, text, update

from flask_subscription_ops.errors import InvalidInput, NaiveDatetime
from flask_subscription_ops.models import JobRun, OutboxMessage, Subscription
from flask_subscription_ops.models.bulk import insert_rows
from flask_subscription_ops.models.types import Unreadable

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


@pytest.mark.parametrize(
    "document",
    [{"a": "\ud800"}, {"\udfff": 1}, ["\x00\udc80"], float("nan"), [float("-inf")], {"a": object}, {1, 2}],
    ids=repr,
)
def test_a_document_that_could_not_be_read_back_is_refused_as_our_own_error(host: Host, document: Any) -> None:
    with pytest.raises(InvalidInput, match="cannot be kept as JSON"):
        host.db.session.execute(insert(JobRun).values(job="x", started_at=NOON, as_of=NOON, report=document))


def test_a_document_keeps_what_json_can_write_down(host: Host) -> None:
    report = {"nul": "a\x00b", "\x00": "\x1b[31m\u202e\u2028\r\n", "long": "ж" * 100_000}
    rows = [{"job": "x", "started_at": NOON, "as_of": NOON, "report": report}] * 2
    insert_rows(host.db.session, JobRun, rows)  # type: ignore[arg-type]
    host.db.session.commit()

    assert [run.report for run in host.db.session.query(JobRun)] == [report, report]


@pytest.mark.parametrize("stored", ['{"reason": "cut in ha', "", "NaN", "[Infinity]", "[" * 100_000, "9" * 5000])
def test_a_stored_text_that_is_no_json_is_read_as_unreadable(host: Host, stored: str) -> None:
    run = run_at(host, NOON)
    host.db.session.execute(text("UPDATE subs_job_runs SET report = :stored"), {"stored": stored})
    host.db.session.commit()

    host.db.session.refresh(run)

    assert run.report == Unreadable(stored)
    assert str(run.report) == f"unreadable, {len(stored)} characters"


def test_an_error_is_stored_as_one_line_for_people_whoever_writes_it(host: Host) -> None:
    host.trial()
    said = "no\x00 \ud800 for ada@customer.example\n" + "x" * 100_000
    host.db.session.execute(update(OutboxMessage).values(last_error=said))
    host.db.session.commit()

    [stored] = host.db.session.scalars(select(OutboxMessage.last_error))
    assert stored == "no  for <address> " + "x" * 181 + "…"


@pytest.mark.parametrize("key", ["a\x00b", "\ud800", 7])
def test_a_key_that_no_database_can_store_is_refused_as_our_own_error(host: Host, key: Any) -> None:
    for use in (
        select(Subscription).where(Subscription.account_id == key),
        select(Subscription).where(Subscription.product.in_(["default", key])),
        update(OutboxMessage).values(lane=key),
        insert(JobRun).values(job="x", started_at=NOON, as_of=NOON, report={}, confirm=key),
    ):
        with pytest.raises(InvalidInput, match="a key must be a string"):
            host.db.session.execute(use)
