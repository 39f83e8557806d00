from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import ColumnElement, select, text
from sqlalchemy.exc import DBAPIError

from flask_subscription_ops.domain.clock import system_clock
from flask_subscription_ops.domain.states import Status
from flask_subscription_ops.models import Subscription

from ..hosts import NOON, Host, days

TWINS: dict[str, tuple[Callable[[Subscription], bool], Callable[[], ColumnElement[bool]]]] = {
    "has_access": (lambda one: one.has_access, Subscription.having_access),
    "is_live": (lambda one: one.is_live, Subscription.being_live),
    "on_trial": (lambda one: one.on_trial, Subscription.being_on_trial),
}
YES = {
    "has_access": {"trialing", "active", "grace"},
    "is_live": {"trialing", "active", "grace", "suspended", "paused"},
    "on_trial": {"trialing"},
}


def one_of_each_status(host: Host) -> list[Subscription]:
    host.at(NOON)
    ends = {"trial_ends_at": NOON + days(5), "period_end": NOON + days(5)}
    rows = [Subscription(account_id=status.value, plan="pro", status=status.value, **ends) for status in Status]
    host.db.session.add_all(rows)
    host.db.session.commit()
    return rows


@pytest.mark.parametrize("name", TWINS)
def test_a_predicate_and_its_query_twin_agree_in_every_status(host: Host, name: str) -> None:
    rows = one_of_each_status(host)
    predicate, twin = TWINS[name]

    asked = {row.status for row in rows if predicate(row)}
    found = set(host.db.session.scalars(select(Subscription.status).where(twin())))

    assert asked == found == YES[name]


def test_every_predicate_has_its_twin() -> None:
    predicates = {name for name in vars(Subscription) if name.startswith(("has_", "is_", "on_"))}
    twins = {name for name in vars(Subscription) if name.startswith(("having_", "being_"))}

    assert predicates == set(TWINS)
    assert twins == {"having_access", "being_live", "being_on_trial"}


@pytest.mark.parametrize(
    ("after", "left"),
    [
        (timedelta(), 14),
        (timedelta(hours=11, minutes=59), 14),
        (timedelta(hours=12), 13),
        (timedelta(days=13), 1),
        (timedelta(days=14) - timedelta(seconds=1), 0),
        (timedelta(days=15), 0),
    ],
)
def test_the_days_left_are_those_of_the_calendar(sqlite_host: Host, after: timedelta, left: int) -> None:
    trial = sqlite_host.trial("7")

    sqlite_host.at(NOON + after)

    assert trial.days_left == left


def test_days_are_counted_in_the_zone_of_the_app(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(SUBS_TIMEZONE="Pacific/Auckland")  # where it is an hour past midnight
    trial = host.trial("7")

    host.at(NOON - timedelta(hours=2))

    assert trial.days_left == 15


def test_days_are_counted_to_the_end_that_its_status_has(sqlite_host: Host) -> None:
    ends = {"trial_ends_at": NOON + days(1), "period_end": NOON + days(2), "grace_ends_at": NOON + days(3)}
    sqlite_host.at(NOON)

    left = {status.value: Subscription(status=status.value, **ends).days_left for status in Status}

    nowhere = dict.fromkeys(("suspended", "paused", "expired", "canceled"))
    assert left == {"trialing": 1, "active": 2, "grace": 3, **nowhere}
    assert Subscription(status="active").days_left is None


def test_outside_of_an_app_days_are_counted_by_the_machines_clock() -> None:
    assert Subscription(status="trialing", trial_ends_at=system_clock() + days(5)).days_left == 5


def test_the_service_agrees_with_the_predicate_in_every_status(sqlite_host: Host) -> None:
    rows = one_of_each_status(sqlite_host)

    assert {row.account_id for row in rows if sqlite_host.subs.has_access(row.account_id)} == YES["has_access"]


@pytest.mark.parametrize(
    "forged",
    [
        "status = 'dead'",
        "status = 'expired'",  # and still marked live
        "live = NULL",  # which would let a second live one in
        "collected_by = 'nobody'",
    ],
)
def test_the_database_refuses_what_no_action_would_write(host: Host, forged: str) -> None:
    host.trial("7")

    with pytest.raises(DBAPIError):
        host.db.session.execute(text(f"UPDATE subs_subscriptions SET {forged}"))
    host.db.session.rollback()

    assert host.subs.has_access("7")


def test_a_document_of_it_holds_the_columns_of_the_contract_and_nothing_internal(sqlite_host: Host) -> None:
    trial = sqlite_host.trial("7")

    columns = """id account_id product plan status amount currency interval interval_count anchor trial_ends_at
        period_start period_end grace_ends_at suspended_at ended_at cancel_at_period_end paused_at paused_until
        next_plan collected_by payment_method provider provider_customer_id provider_subscription_id usage_count
        usage_limit version
        created_at updated_at has_access"""
    assert list(trial.to_dict()) == columns.split()


def test_moving_an_end_by_hand_arms_the_reminders(sqlite_host: Host) -> None:
    trial = sqlite_host.trial("7", days=30)

    trial.trial_ends_at = NOON + days(2)
    sqlite_host.db.session.commit()
    sqlite_host.check(NOON + days(1))

    assert sqlite_host.kinds == ["trial_started", "trial_reminder"]


def test_of_two_sessions_that_write_one_row_the_later_one_is_told(host: Host) -> None:
    trial = host.trial("7")
    assert trial.version == 1
    with host.subs.runtime.writing() as other:
        other.execute(text("UPDATE subs_subscriptions SET version = 2, usage_count = 5"))

    trial.usage_count = 3

    with pytest.raises(Exception, match="expected to update 1 row"):
        host.db.session.flush()


def test_it_is_shown_by_its_name_and_status_without_asking_the_database(host: Host) -> None:
    trial = host.trial()
    host.reload(trial)
    host.db.session.expunge(trial)

    assert repr(trial) == "<Subscription sub-1 trialing>"
    assert repr(Subscription(account_id="7", plan="pro", status="active")) == "<Subscription new active>"
