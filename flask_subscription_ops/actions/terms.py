"""What a subscription takes over from its plan."""

from __future__ import annotations

from datetime import datetime

from ..domain.plans import Plan
from ..domain.reminders import earliest_look
from ..settings import Settings


def plan_terms(plan: Plan) -> dict[str, object]:
    """Return the snapshot of a plan that a subscription keeps."""
    return {
        "amount": plan.price.amount,
        "currency": plan.price.currency,
        "interval": plan.interval.unit,
        "interval_count": plan.interval.count,
    }


def first_look(settings: Settings, plan: str, start: datetime, end: datetime) -> datetime | None:
    """Return when the reminders of a trial from `start` to `end` are to be looked at first."""
    return earliest_look(start, end, settings.policy(plan).trial_reminder_days, settings.send_hour)
