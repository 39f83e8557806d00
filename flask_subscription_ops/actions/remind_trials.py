"""Queue the reminders of trials, and note when each trial is to be looked at again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Update, case, update
from sqlalchemy.orm import Session

from ..domain.contacts import Contact
from ..domain.reminders import Reminder
from ..domain.trials import Remind, Wait, next_step
from ..models import Subscription
from ..models.bulk import among
from ..outbox.effects import Effect, email
from ..outbox.enqueue import enqueue
from .context import Context
from .end_trials import trial_of

KIND = "trial_reminder"


def remind_trials(context: Context, trials: Sequence[Subscription], contacts: Mapping[str, Contact]) -> int:
    """Queue the most urgent due reminder of each trial in a locked chunk; return how many are new."""
    effects, looks = [], {}
    for trial in trials:
        start = trial.period_start or trial.created_at
        facts, contact = trial_of(trial), contacts.get(trial.account_id)
        ladder = context.settings.trial_ladder(trial.plan, start, facts.ends_at, contact)
        step = next_step(facts, ladder, context.now)
        if isinstance(step, Remind):
            looks[trial.id] = step.then
            effects += [] if KIND in context.settings.emails_off else [_email(trial, step.reminder)]
        elif isinstance(step, Wait):
            looks[trial.id] = step.until
    context.session.execute(_look_again(context.session, looks))
    new = enqueue(context.session, effects, context.now)
    context.queued.update(effect.kind for effect in new)
    context.planned += [_planned(effect) for effect in new] if context.rehearses else []
    return len(new)


def _email(trial: Subscription, reminder: Reminder) -> Effect:
    return email(KIND, trial, reminder.send_at, steps=(reminder.days,), details={"days": reminder.days})


def _look_again(session: Session, looks: Mapping[int, datetime | None]) -> Update:
    groups: dict[datetime | None, list[int]] = defaultdict(list)
    for subscription_id, at in looks.items():
        groups[at].append(subscription_id)
    looked_at = [(among(session, Subscription, ids), at) for at, ids in groups.items()]
    due = case(*looked_at, else_=Subscription.reminder_due_at) if looked_at else Subscription.reminder_due_at
    return (
        update(Subscription)
        .where(among(session, Subscription, list(looks)))
        .values(reminder_due_at=due)
        .execution_options(synchronize_session=False)
    )


def _planned(effect: Effect) -> dict[str, object]:
    return {
        "subject": effect.subject.name,
        "account": effect.subject.account_id,
        "cause": effect.kind,
        "effects": [effect.key],
    }
