from __future__ import annotations

from typing import Any

import pytest

from flask_subscription_ops.domain.money import Money
from flask_subscription_ops.domain.periods import Interval
from flask_subscription_ops.domain.plans import Policy, parse_plan
from flask_subscription_ops.errors import InvalidInput

REQUIRED = {"price": 4900, "currency": "EUR", "interval": "month"}


def test_a_plan_needs_a_price_a_currency_and_an_interval_and_takes_the_rest_from_the_app() -> None:
    plan = parse_plan("pro", REQUIRED, Policy(trial_days=21, grace_days=5))

    assert (plan.key, plan.price, plan.interval) == ("pro", Money(4900, "EUR"), Interval("month"))
    assert plan.policy == Policy(trial_days=21, grace_days=5)
    assert plan.limits == {}


def test_a_plan_overrides_the_numbers_it_names_and_no_others() -> None:
    entry = {**REQUIRED, "trial_days": 30, "limits": {"seats": 5}, "policy": {"trial_reminder_days": [10, 2]}}

    plan = parse_plan("pro", entry, Policy())

    assert plan.policy == Policy(trial_days=30, trial_reminder_days=(10, 2))
    assert plan.limits == {"seats": 5}


def test_a_plan_goes_by_its_name_and_without_one_by_its_key() -> None:
    assert parse_plan("pro", {**REQUIRED, "name": "Про, 50 мест"}, Policy()).name == "Про, 50 мест"
    assert parse_plan("pro", REQUIRED, Policy()).name == "pro"


@pytest.mark.parametrize("name", ["", " Pro", "Pro ", "P\nro", "P" * 81, "P\ud800", 5, None, ["Pro"]])
def test_a_plans_name_is_one_short_line(name: Any) -> None:
    with pytest.raises(InvalidInput, match="name must be one line of 1 to 80 characters"):
        parse_plan("pro", {**REQUIRED, "name": name}, Policy())


def test_two_waits_before_a_retry_may_be_equally_long() -> None:
    plan = parse_plan("pro", {**REQUIRED, "policy": {"retry_hours": [24, 24]}}, Policy())

    assert plan.policy.retry_hours == (24, 24)


def test_an_empty_list_of_reminders_means_none() -> None:
    plan = parse_plan("pro", {**REQUIRED, "policy": {"trial_reminder_days": ()}}, Policy())

    assert plan.policy.trial_reminder_days == ()


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({}, "price is missing; currency is missing; interval is missing"),
        ({**REQUIRED, "pirce": 1}, "unknown key 'pirce'"),
        ({**REQUIRED, 5: 1, "x": 1}, "unknown key 5; unknown key 'x'"),
        ("pro", "must be a mapping"),
        (None, "must be a mapping"),
        ({**REQUIRED, "price": 49.0}, "minor units"),
        ({**REQUIRED, "price": -1}, "minor units"),
        ({**REQUIRED, "currency": "euro"}, "ISO 4217"),
        ({**REQUIRED, "interval": "monthly"}, "'monthly' is not an interval"),
        ({**REQUIRED, "trial_days": -1}, "trial_days must be a whole number"),
        ({**REQUIRED, "trial_days": 1.5}, "trial_days must be a whole number"),
        ({**REQUIRED, "trial_days": True}, "trial_days must be a whole number"),
        ({**REQUIRED, "trial_days": (14,)}, "trial_days must be a whole number"),
        ({**REQUIRED, "limits": 5}, "limits must be a mapping"),
        ({**REQUIRED, "policy": 5}, "policy must be a mapping"),
        ({**REQUIRED, "policy": "grace"}, "policy must be a mapping"),
        (
            {**REQUIRED, "policy": {"grace": 7, 3: 1}},
            "policy has no 3, grace; it has expire_suspended_days, grace_days",
        ),
        ({**REQUIRED, "policy": {"grace_days": "7"}}, "grace_days must be a whole number"),
        ({**REQUIRED, "policy": {"trial_reminder_days": 7}}, "trial_reminder_days must be a list"),
        ({**REQUIRED, "policy": {"trial_reminder_days": (7, 0)}}, "trial_reminder_days must be a list"),
        ({**REQUIRED, "policy": {"trial_reminder_days": [7, 7]}}, "trial_reminder_days must name no number twice"),
        ({**REQUIRED, "policy": {"renewal_reminder_days": (3, 3)}}, "renewal_reminder_days must name no number twice"),
        ({**REQUIRED, "policy": {"retry_hours": {24}}}, "retry_hours must be a list"),
        ({**REQUIRED, "policy": {"grace_days": 2}}, "notice_days 3 is longer than grace_days 2"),
    ],
)
def test_a_plan_that_cannot_work_says_what_is_wrong(entry: Any, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_plan("pro", entry, Policy())

    assert said in str(refused.value)


@pytest.mark.parametrize("key", ["", "x" * 65, 5, None, "p\nro", "\ud800", "pro ", "\ufeffpro"])
def test_a_plans_key_is_a_short_string(key: Any) -> None:
    with pytest.raises(InvalidInput, match="1 to 64 characters"):
        parse_plan(key, REQUIRED, Policy())


def test_a_plan_is_not_blamed_for_what_is_wrong_in_the_app() -> None:
    plan = parse_plan("pro", REQUIRED, Policy(grace_days=1, notice_days=3))

    assert plan.policy.problems() != []
