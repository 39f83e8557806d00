"""Queue the reminders of trials, and note when each trial is to be looked at again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..domain.contacts import Contact
from ..domain.trials import Remind, Step, Wait, next_step
from ..models import Subscription
from ..models.bulk import dialect_of
from ..models.given import document
from . import twins
from .chunk import queue
from .context import Context
from .end_trials import DECIDED_BY, trial_of

KIND = "trial_reminder"
NEEDED = (Subscription.plan, Subscription.period_start, Subscription.created_at, *DECIDED_BY)


def remind_trials(context: Context, trials: Sequence[Any], contacts: Mapping[str, Contact]) -> int:
    """Queue the most urgent due reminder of each trial in a locked chunk; return how many are new.

    Each trial tells the columns in NEEDED.
    """
    steps = {trial.id: _step(context, trial, contacts.get(trial.account_id)) for trial in trials}
    looks = [_look(trial_id, step) for trial_id, step in steps.items() if isinstance(step, (Remind, Wait))]
    if not looks:
        return 0
    dialect = dialect_of(context.session, Subscription)
    parameters = {"rows": document(dialect, twins.REMINDED, looks), "now": context.now}
    context.session.execute(twins.look_again(dialect.name), parameters)
    if KIND in context.settings.emails_off:
        return 0
    before = context.queued[KIND]
    keys = queue(context, twins.reminder(dialect.name, KIND), KIND, parameters)
    accounts = {trial.id: trial.account_id for trial in trials}
    context.planned += [_planned(trial_id, accounts[trial_id], key) for trial_id, key in keys]
    return context.queued[KIND] - before


def _step(context: Context, trial: Any, contact: Contact | None) -> Step:
    facts, start = trial_of(trial), trial.period_start or trial.created_at
    return next_step(facts, context.settings.trial_ladder(trial.plan, start, facts.ends_at, contact), context.now)


def _look(trial_id: int, step: Remind | Wait) -> Mapping[str, Any]:
    if isinstance(step, Wait):
        return {"id": trial_id, "reminder_due_at": step.until, "days": None, "send_at": None}
    days, send_at = step.reminder.days, step.reminder.send_at
    return {"id": trial_id, "reminder_due_at": step.then, "days": days, "send_at": send_at}


def _planned(trial_id: int, account_id: str, key: str) -> dict[str, object]:
    return {"subject": Subscription.name_of(trial_id), "account": account_id, "cause": KIND, "effects": [key]}
