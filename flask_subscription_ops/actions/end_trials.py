"""End the trials whose time is up and that nobody will be charged for."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.states import Cause
from ..models import Subscription
from .cancel import cancel_now
from .change import Change, apply
from .work import Work


def end_trials(work: Work, trials: Sequence[Subscription]) -> None:
    """Expire a locked chunk of trials; those that were to be canceled at their end are canceled."""
    apply(work, [_ending(work, trial) for trial in trials])


def _ending(work: Work, trial: Subscription) -> Change:
    if trial.cancel_at_period_end:
        return cancel_now(work, trial)
    return Change(trial, Cause.TRIAL_ENDED, {"ended_at": work.now, "reminder_due_at": None})
