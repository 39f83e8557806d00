"""Queue the reminders of trials, and note when each trial is to be looked at again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Update, case, update
from sqlalchemy.orm import Session

from ..domain.contacts import Contact
from ..domain.reminders import Ladder
from ..models import Subscription
from ..models.bulk import among
from ..outbox.effects import Effect, email
from ..outbox.enqueue import enqueue
from ..settings import Settings
from .work import Work

KIND = "trial_reminder"


def remind_trials(work: Work, trials: Sequence[Subscription], contacts: Mapping[str, Contact]) -> int:
    """Queue the most urgent due reminder of each trial in a locked chunk; return how many are new."""
    effects, looks = [], {}
    for trial in trials:
        ladder = _ladder(work.settings, trial, contacts.get(trial.account_id))
        reminder = ladder.due(work.now)
        looks[trial.id] = ladder.next_after(reminder.send_at if reminder else work.now)
        if reminder and not trial.cancel_at_period_end and KIND not in work.settings.emails_off:
            effects.append(email(KIND, trial, reminder.send_at, ladder.end.date(), reminder.days, days=reminder.days))
    work.session.execute(_look_again(work.session, looks))
    new = enqueue(work.session, effects, work.now)
    work.queued.update(effect.kind for effect in new)
    work.planned += [_planned(effect) for effect in new] if work.rehearses else []
    return len(new)


def _ladder(settings: Settings, trial: Subscription, contact: Contact | None) -> Ladder:
    assert trial.trial_ends_at is not None, "a trial has an end"
    return settings.trial_ladder(trial.plan, trial.period_start or trial.created_at, trial.trial_ends_at, contact)


def _look_again(session: Session, looks: Mapping[int, datetime | None]) -> Update:
    groups: dict[datetime | None, list[int]] = defaultdict(list)
    for subscription_id, at in looks.items():
        groups[at].append(subscription_id)
    looked_at = [(among(session, Subscription, ids), at) for at, ids in groups.items()]
    due = case(*looked_at, else_=Subscription.reminder_due_at)
    return (
        update(Subscription)
        .where(among(session, Subscription, list(looks)))
        .values(reminder_due_at=due)
        .execution_options(synchronize_session=False)
    )


def _planned(effect: Effect) -> dict[str, object]:
    return {
        "subject": effect.subscription.subject,
        "account": effect.subscription.account_id,
        "cause": effect.kind,
        "effects": [effect.key],
    }
