"""Remind trials before their end, and end those whose time is up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_

from ..actions import end_trials, remind_trials
from ..actions.context import Context
from ..domain.contacts import Contact
from ..domain.states import Status
from ..models import Subscription
from ..outbox.contacts import Asking
from ..runs.guard import brake
from ..runs.run import Run
from ..runs.sweep import Sweep, sweep
from ..runs.walk import Due


def do(run: Run) -> None:
    """End what is over first, so that nobody is reminded of a trial that has ended."""
    over = Due(Subscription, _over(run), Subscription.trial_ends_at)
    if brake(run, over, "end"):
        sweep(run, Sweep(over, end_trials.NEEDED, _end))
    soon = Due(Subscription, _to_look_at(run), Subscription.reminder_due_at)
    sweep(run, Sweep(soon, remind_trials.NEEDED, _remind, Asking(run.runtime)))


def _over(run: Run) -> ColumnElement[bool]:
    # All that may end: who collects, and so whether it does end, is decided row by row.
    return and_(
        Subscription.status == Status.TRIALING.value,
        Subscription.trial_ends_at <= run.now,
        Subscription.collected_by != "provider",
        or_(Subscription.collected_by == "manual", Subscription.cancel_at_period_end.is_(True)),
    )


def _to_look_at(run: Run) -> ColumnElement[bool]:
    # Every trial under way ends later than now: CASE keeps PostgreSQL from walking all of them along that date.
    is_under_way = case((Subscription.trial_ends_at > run.now, True), else_=False)
    return and_(
        Subscription.status == Status.TRIALING.value,
        Subscription.reminder_due_at <= run.now,
        is_under_way.is_(True),
    )


def _end(context: Context, trials: Sequence[Any], _: Mapping[str, Contact]) -> int:
    return end_trials.end_trials(context, trials)


def _remind(context: Context, trials: Sequence[Any], contacts: Mapping[str, Contact]) -> int:
    return remind_trials.remind_trials(context, trials, contacts)
