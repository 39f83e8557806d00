from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from flask_subscription_ops.models import Subscription
from flask_subscription_ops.reports import subscriptions as report

from ..hosts import NOON, Host, days
from ..unreadable import LAST, spoil
from .test_usage import run

PLAN = {"price": 4900, "currency": "EUR", "interval": "month"}


@pytest.fixture
def customers(make: Callable[..., Host]) -> Host:
    """A trial of 14 days, one of 3 that is canceled at its end, a term of a month, and an ended trial."""
    host = make(SUBS_PLANS={"pro": PLAN, "plus": PLAN})
    host.trial("long")
    host.subs.cancel(host.trial("short", days=3))
    host.subs.subscribe("paying", "plus")
    host.subs.cancel(host.trial("gone"), at_period_end=False)
    host.db.session.commit()
    host.at(NOON)
    return host


def listed(host: Host, *words: str) -> list[str]:
    result = run(host, "list", *words, "--json")
    assert result.exit_code == 0
    return [json.loads(line)["account_id"] for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "accounts"),
    [
        ((), ["long", "short", "paying", "gone"]),
        (("--status", "trialing"), ["long", "short"]),
        (("--status", "suspended"), []),
        (("--plan", "plus"), ["paying"]),
        (("--ending", "0"), []),
        (("--ending", "3"), ["short"]),
        (("--ending", "14"), ["long", "short"]),
        (("--ending", "40"), ["long", "short", "paying"]),
        (("--ending", "40", "--status", "active"), ["paying"]),
    ],
    ids=str,
)
def test_it_lists_what_is_asked_for(customers: Host, words: tuple[str, ...], accounts: list[str]) -> None:
    assert listed(customers, *words) == accounts


def test_a_plan_that_nobody_declared_or_has_is_named_with_those_there_are(customers: Host) -> None:
    result = run(customers, "list", "--plan", "por")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no plan 'por'; SUBS_PLANS declares plus, pro" in result.stderr


def test_a_plan_that_is_declared_no_more_is_still_found(customers: Host) -> None:
    for subscription in customers.db.session.query(Subscription).filter_by(account_id="long"):
        subscription.plan = "old"
    customers.db.session.commit()

    assert listed(customers, "--plan", "old") == ["long"]


def test_what_should_have_ended_already_is_ending(customers: Host) -> None:
    customers.at(NOON + days(5))

    assert listed(customers, "--ending", "0") == ["short"]


def test_people_see_a_line_for_each(customers: Host) -> None:
    assert run(customers, "list").stdout.splitlines() == [
        "long    default  pro   trialing  ends 2026-12-15T12:00:00Z",
        "short   default  pro   trialing  ends 2026-12-04T12:00:00Z  is canceled at its end",
        "paying  default  plus  active    ends 2027-01-01T12:00:00Z",
        "gone    default  pro   canceled",
    ]


def test_each_is_listed_once_however_many_are_read_at_a_time(customers: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "READ_AT_ONCE", 2)

    assert listed(customers) == ["long", "short", "paying", "gone"]


def test_one_that_cannot_be_read_is_listed_and_hides_no_other(customers: Host) -> None:
    spoil(customers, "subs_subscriptions", "created_at", "short", LAST)

    assert listed(customers) == ["long", "short", "paying", "gone"]
    assert "created_at cannot be read" in run(customers, "list").stdout


@pytest.mark.parametrize("words", [("--status", "dead"), ("--ending", "-1"), ("--ending", "soon"), ("--plan", "a\0b")])
def test_wrong_usage_is_refused(customers: Host, words: tuple[str, ...]) -> None:
    result = run(customers, "list", *words)

    assert (result.exit_code, result.stdout) == (2, "")
