"""Whether an email still has a reason when its turn comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .clock import to_text
from .reminders import Ladder
from .states import ENDED, Status

WANTED_IN: Mapping[str, frozenset[Status]] = {
    "trial_started": frozenset({Status.TRIALING}),
    "trial_reminder": frozenset({Status.TRIALING}),
    "trial_expired": frozenset({Status.EXPIRED}),
    "subscribed": frozenset(Status) - ENDED - {Status.TRIALING},
    "canceled": frozenset({Status.CANCELED}),
}


@dataclass(frozen=True)
class Facts:
    """What is true of a subscription now; `ladder` holds a trial's reminders in its contact's zone."""

    status: Status
    trial_ends_at: datetime | None
    cancel_at_period_end: bool
    ladder: Ladder | None


def why_not(kind: str, details: Mapping[str, Any], facts: Facts, now: datetime) -> str | None:
    """Return why this email is not wanted any more, or None when it is."""
    if facts.status not in WANTED_IN.get(kind, frozenset(Status)):
        return f"the subscription is {facts.status.value}"
    if kind == "trial_reminder":
        return _why_not_remind(details, facts, now)
    return None


def _why_not_remind(details: Mapping[str, Any], facts: Facts, now: datetime) -> str | None:
    if facts.trial_ends_at is None or details["trial_ends_at"] != to_text(facts.trial_ends_at):
        return "the trial's end was moved"
    if facts.cancel_at_period_end:
        return "the trial is to be canceled at its end"
    if now >= facts.trial_ends_at:
        return "the trial has ended"
    if facts.ladder and facts.ladder.is_overtaken(int(details["days"]), now):
        return "a more urgent reminder is due"
    return None
