"""Give a trial more days."""

from __future__ import annotations

from ..domain.clock import to_text
from ..domain.states import Cause, Status, edge
from ..models import Subscription
from .begin import days_from, first_look
from .change import Change, apply, lock
from .work import Work


def extend_trial(work: Work, subscription: Subscription, *, days: int) -> None:
    """Move the trial's end by `days` days; its reminders are due anew."""
    length = days_from(days)
    lock(work, subscription)
    edge(Status(subscription.status), Cause.TRIAL_EXTENDED, subscription.subject)
    before = subscription.trial_ends_at
    assert before is not None, "a trial has an end"
    subscription.trial_ends_at = before + length
    values = {"trial_ends_at": subscription.trial_ends_at, "reminder_due_at": first_look(work, subscription)}
    apply(work, [Change(subscription, Cause.TRIAL_EXTENDED, values, {"days": days, "from": to_text(before)})])
