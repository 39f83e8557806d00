from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flask_subscription_ops.domain.clock import to_text
from flask_subscription_ops.domain.emails import Facts, why_not
from flask_subscription_ops.domain.reminders import Ladder
from flask_subscription_ops.domain.states import Status

END = datetime(2026, 12, 15, 12, 0, tzinfo=timezone.utc)
DAY = timedelta(days=1)
LADDER = Ladder(END - 14 * DAY, END, (7, 3, 1), ZoneInfo("UTC"), 9)
TRIAL = Facts(Status.TRIALING, END, False, LADDER)
THREE_DAYS_BEFORE = END - 3 * DAY
REMINDER = {"trial_ends_at": to_text(END), "days": 3}

WANTED = {
    "trial_started": {"trialing"},
    "trial_reminder": {"trialing"},
    "trial_expired": {"expired"},
    "subscribed": {"active", "grace", "suspended", "paused"},
    "canceled": {"canceled"},
}


@pytest.mark.parametrize("kind", WANTED)
@pytest.mark.parametrize("status", Status)
def test_an_email_is_wanted_only_while_what_it_says_is_true(kind: str, status: Status) -> None:
    found = why_not(kind, REMINDER, replace(TRIAL, status=status), THREE_DAYS_BEFORE)

    assert found == (None if status.value in WANTED[kind] else f"the subscription is {status.value}")


@pytest.mark.parametrize(
    ("facts", "now", "reason"),
    [
        (TRIAL, THREE_DAYS_BEFORE, None),
        (TRIAL, END - DAY - timedelta(hours=4), None),
        (TRIAL, END - DAY, "a more urgent reminder is due"),
        (TRIAL, END, "the trial has ended"),
        (replace(TRIAL, trial_ends_at=END + DAY), THREE_DAYS_BEFORE, "the trial's end was moved"),
        (replace(TRIAL, trial_ends_at=None), THREE_DAYS_BEFORE, "the trial's end was moved"),
        (replace(TRIAL, cancel_at_period_end=True), THREE_DAYS_BEFORE, "the trial is to be canceled at its end"),
    ],
)
def test_a_reminder_is_wanted_until_its_trial_moves_ends_or_is_given_up(
    facts: Facts, now: datetime, reason: str | None
) -> None:
    assert why_not("trial_reminder", REMINDER, facts, now) == reason


@pytest.mark.parametrize("status", Status)
def test_an_email_of_the_hosts_own_kind_is_always_wanted(status: Status) -> None:
    details: dict[str, Any] = {}

    assert why_not("newsletter", details, replace(TRIAL, status=status), THREE_DAYS_BEFORE) is None
