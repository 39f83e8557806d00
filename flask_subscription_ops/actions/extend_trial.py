"""Give a trial more days."""

from __future__ import annotations

from ..domain.clock import to_text
from ..domain.states import Cause, Status, edge
from ..errors import InvalidInput
from ..models import Subscription
from .arguments import days_from
from .change import Change, apply
from .context import Context
from .row import lock
from .terms import first_look


def extend_trial(context: Context, subscription: Subscription, *, days: int) -> None:
    """Move the trial's end by `days` days; its reminders are due anew."""
    length = days_from(days)
    lock(context, subscription)
    edge(Status(subscription.status), Cause.TRIAL_EXTENDED, subscription.subject)
    before = subscription.trial_ends_at
    assert before is not None, "a trial has an end"
    try:
        end = before + length
    except OverflowError as error:
        raise InvalidInput(f"{subscription.subject} ends {to_text(before)}: no {days} days come after it") from error
    start = subscription.period_start or subscription.created_at
    values = {"trial_ends_at": end, "reminder_due_at": first_look(context.settings, subscription.plan, start, end)}
    apply(context, [Change(subscription, Cause.TRIAL_EXTENDED, values, {"days": days, "from": to_text(before)})])
