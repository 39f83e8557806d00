"""End the trials whose time is up."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.states import Cause
from ..domain.trials import End, Trial, ending
from ..models import Subscription
from .cancel import cancel_now
from .change import Change, apply
from .context import Context


def end_trials(context: Context, trials: Sequence[Subscription]) -> int:
    """End those of a locked chunk of trials that are to end; return how many."""
    decided = [(trial, ending(trial_of(trial))) for trial in trials]
    changes = [_change(context, trial, step) for trial, step in decided if isinstance(step, End)]
    apply(context, changes)
    return len(changes)


def trial_of(subscription: Subscription) -> Trial:
    """Return what decides about a trial."""
    ends_at = subscription.trial_ends_at
    assert ends_at is not None, "a trial has an end"
    return Trial(ends_at, subscription.collected_by, subscription.cancel_at_period_end)


def _change(context: Context, trial: Subscription, end: End) -> Change:
    if end.cause is Cause.CANCELED:
        return cancel_now(context, trial)
    return Change(trial, end.cause, {"ended_at": context.now, "reminder_due_at": None})
