"""End the trials whose time is up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ..domain.states import Cause
from ..domain.trials import End, Trial, ending
from ..models import Subscription
from .cancel import ends_now
from .chunk import change_chunk
from .context import Context

DECIDED_BY = (Subscription.trial_ends_at, Subscription.collected_by, Subscription.cancel_at_period_end)
NEEDED = (Subscription.version, Subscription.status, Subscription.ended_at, *DECIDED_BY)


def end_trials(context: Context, trials: Sequence[Any]) -> int:
    """End those of a locked chunk of trials that are to end; return how many. Each tells the columns in NEEDED."""
    ended: dict[Cause, list[Any]] = defaultdict(list)
    for trial in trials:
        step = ending(trial_of(trial))
        if isinstance(step, End):
            ended[step.cause].append(trial)
    return sum(change_chunk(context, rows, cause, _values(context, cause)) for cause, rows in ended.items())


def trial_of(trial: Any) -> Trial:
    """Return what decides about a trial, from the columns in DECIDED_BY."""
    assert trial.trial_ends_at is not None, "a trial has an end"
    return Trial(trial.trial_ends_at, trial.collected_by, trial.cancel_at_period_end)


def _values(context: Context, cause: Cause) -> Mapping[str, Any]:
    return ends_now(context) if cause is Cause.CANCELED else {"ended_at": context.now, "reminder_due_at": None}
