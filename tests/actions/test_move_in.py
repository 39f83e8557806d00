from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from flask_subscription_ops.domain.periods import Interval
from flask_subscription_ops.errors import InvalidInput, NaiveDatetime, SubscriptionOpsError, UnknownPlan
from flask_subscription_ops.models import AuditEntry, Subscription

from ..hosts import NOON, Host, days

END, LAST = NOON + days(5), NOON - days(5)
MONTH_BEFORE_END = datetime(2026, 11, 6, 12, tzinfo=timezone.utc)

# Given, and what is filled in for it.
ARRIVALS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"status": "trialing", "trial_ends_at": END},
        {"period_start": END - days(14), "anchor": END - days(14), "period_end": None},
    ),
    (
        {"status": "active", "period_end": END},
        {"period_start": MONTH_BEFORE_END, "anchor": MONTH_BEFORE_END},
    ),
    (
        {"status": "active", "period_start": MONTH_BEFORE_END},
        {"period_end": END, "anchor": MONTH_BEFORE_END},
    ),
    ({"period_end": END}, {"status": "active"}),
    ({"status": "grace", "period_end": LAST}, {"grace_ends_at": LAST + days(14)}),
    ({"status": "grace", "period_end": LAST, "grace_ends_at": END}, {"grace_ends_at": END}),
    ({"status": "paused", "period_end": END}, {"period_start": MONTH_BEFORE_END}),
    ({"status": "suspended"}, {"suspended_at": NOON, "period_end": None}),
    ({"status": "suspended", "suspended_at": LAST}, {"suspended_at": LAST}),
    ({"status": "expired"}, {"ended_at": NOON, "live": None}),
    ({"status": "canceled", "ended_at": LAST}, {"ended_at": LAST, "live": None}),
    ({"status": "active", "period_end": END, "payment_method": "pm_1"}, {"collected_by": "local"}),
    (
        {"status": "active", "period_end": END, "amount": 100, "currency": "USD", "interval": "year"},
        {"amount": 100, "currency": "USD", "period_start": datetime(2025, 12, 6, 12, tzinfo=timezone.utc)},
    ),
]


def arrive(host: Host, **columns: Any) -> Subscription:
    host.at(NOON)
    subscription = Subscription(**{"account_id": "7", "plan": "pro", **columns})
    host.db.session.add(subscription)
    host.db.session.commit()
    return host.reload(subscription)


@pytest.mark.parametrize(("given", "filled"), ARRIVALS)
def test_a_row_that_is_added_gets_what_was_left_out(
    sqlite_host: Host, given: dict[str, Any], filled: dict[str, Any]
) -> None:
    found = arrive(sqlite_host, **given)

    usual = {"product": "default", "amount": 4900, "currency": "EUR", "collected_by": "manual", "version": 1}
    expected = {**usual, "interval_count": 1, "created_at": NOON, "updated_at": NOON, **given, **filled}
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize("status", ["trialing", "active", "grace", "suspended", "paused", "expired", "canceled"])
def test_every_arrival_is_the_first_entry_of_its_audit_and_sends_nothing(host: Host, status: str) -> None:
    found = arrive(host, status=status, trial_ends_at=END, period_end=END)

    entry = host.db.session.query(AuditEntry).one()
    assert (entry.subscription_id, entry.account_id, entry.version) == (found.id, "7", 1)
    assert (entry.from_status, entry.to_status, entry.cause, entry.at) == (None, status, "moved_in", NOON)
    assert host.effects() == {}


def test_many_rows_may_arrive_in_one_flush(host: Host) -> None:
    host.at(NOON)
    host.db.session.add_all(
        Subscription(account_id=str(number), plan="pro", status="trialing", trial_ends_at=END) for number in range(30)
    )
    host.db.session.commit()

    entries = host.db.session.query(AuditEntry.account_id, AuditEntry.subscription_id).all()
    stored = host.db.session.query(Subscription.account_id, Subscription.id).all()
    assert sorted(map(tuple, entries)) == sorted(map(tuple, stored))


def test_a_trial_that_moved_in_is_reminded_and_ended_like_any_other(host: Host) -> None:
    arrive(host, status="trialing", trial_ends_at=END)

    for day in range(7):
        host.check(NOON + days(day))

    assert [key.split(":", 2)[2] for key in host.effects() if "reminder" in key] == [
        "2026-12-06:7",
        "2026-12-06:3",
        "2026-12-06:1",
    ]
    assert host.stopped == ["7"]


def test_a_service_goes_on_from_where_a_row_arrived(host: Host) -> None:
    found = arrive(host, status="active", period_end=END)

    host.subs.pause(found)
    host.db.session.commit()

    assert host.audit() == [(None, "active", "moved_in"), ("active", "paused", "paused")]
    assert host.reload(found).version == 2


@pytest.mark.parametrize(
    ("given", "next_end"),
    [
        ({"period_end": datetime(2027, 3, 31, tzinfo=timezone.utc)}, (4, 30)),
        ({"period_start": datetime(2027, 1, 31, tzinfo=timezone.utc)}, (3, 31)),
        (
            {
                "period_start": datetime(2027, 2, 28, tzinfo=timezone.utc),
                "period_end": datetime(2027, 3, 31, tzinfo=timezone.utc),
            },
            (4, 30),
        ),
    ],
)
def test_the_day_a_customer_pays_on_does_not_drift_by_moving_in(
    sqlite_host: Host, given: dict[str, Any], next_end: tuple[int, int]
) -> None:
    found = arrive(sqlite_host, status="active", **given)

    ends = [Interval("month").after(found.anchor, number) for number in range(24)]
    assert found.period_end in ends
    following = ends[ends.index(found.period_end) + 1]
    assert (following.month, following.day) == next_end


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"plan": "por"}, UnknownPlan, "no plan 'por'"),
        ({"plan": None}, UnknownPlan, "no plan None"),
        ({"account_id": 7}, InvalidInput, "account_id must be a string"),
        ({"account_id": None}, InvalidInput, "account_id must be a string"),
        ({"account_id": "7 "}, InvalidInput, "account_id must not begin or end"),
        ({"product": 5}, InvalidInput, "product must be a string"),
        ({"status": "trialing"}, InvalidInput, "that is trialing needs trial_ends_at"),
        ({"status": "active"}, InvalidInput, "that is active needs period_end"),
        ({"status": "grace"}, InvalidInput, "that is grace needs period_end"),
        ({"status": "paused"}, InvalidInput, "that is paused needs period_end"),
        ({"amount": -1}, InvalidInput, "minor units"),
        ({"currency": "eur"}, InvalidInput, "ISO 4217"),
        ({"interval": "fortnight"}, InvalidInput, "interval"),
        ({"status": "active", "period_start": END, "period_end": LAST}, InvalidInput, "period_end must lie after"),
    ],
)
def test_a_row_that_cannot_be_completed_is_refused_and_nothing_is_written(
    sqlite_host: Host,
    given: dict[str, Any],
    error: type[SubscriptionOpsError],
    said: str,
    rows: Callable[[Host], Any],
) -> None:
    with pytest.raises(error, match=said):
        arrive(sqlite_host, **{"status": "expired", **given})

    assert rows(sqlite_host) == (0, 0, 0)


@pytest.mark.parametrize("status", ["bogus", "", None, 5, ["active"], "ACTIVE"])
def test_a_status_that_does_not_exist_is_refused_where_it_is_given(status: Any) -> None:
    with pytest.raises(InvalidInput, match="status must be one of trialing, active"):
        Subscription(account_id="7", plan="pro", status=status)


@pytest.mark.parametrize(
    "name",
    [
        "trial_ends_at",
        "period_start",
        "period_end",
        "grace_ends_at",
        "suspended_at",
        "ended_at",
        "paused_until",
        "anchor",
    ],
)
def test_a_naive_datetime_is_refused_where_it_is_given(name: str) -> None:
    with pytest.raises(NaiveDatetime, match=f"{name} 2026-12-01T00:00:00 has no zone"):
        Subscription(account_id="7", plan="pro", **{name: datetime(2026, 12, 1)})  # noqa: DTZ001  # the point
