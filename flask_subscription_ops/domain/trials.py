"""What comes next for a trial: decided here for the job, and for whoever wants to know beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from .reminders import Ladder, Reminder
from .states import Cause


@dataclass(frozen=True)
class Trial:
    """What is true of a trial under way; `collected_by` is who asks for the money when it ends."""

    ends_at: datetime
    collected_by: str
    cancel_at_period_end: bool


@dataclass(frozen=True)
class End:
    """It is over, for this cause."""

    cause: Cause


@dataclass(frozen=True)
class Remind:
    """Its customer is to be reminded; the next look at it is due `then`, if there is one."""

    reminder: Reminder
    then: datetime | None


@dataclass(frozen=True)
class Wait:
    """Nothing is due until then, or ever where `until` is None."""

    until: datetime | None


@dataclass(frozen=True)
class Leave:
    """It is not this job's to change, and `why` says whose it is."""

    why: str


Step: TypeAlias = "End | Remind | Wait | Leave"


def next_step(trial: Trial, ladder: Ladder, now: datetime) -> Step:
    """Return what is to be done with a trial now; `ladder` holds its reminders in its contact's zone."""
    if trial.ends_at <= now:
        return ending(trial)
    reminder = ladder.due(now)
    then = ladder.next_after(reminder.send_at if reminder else now)
    if reminder is None or trial.cancel_at_period_end:
        return Wait(then)
    return Remind(reminder, then)


def ending(trial: Trial) -> End | Leave:
    """Return how a trial ends whose time is up: one owner collects, and nobody else ends it."""
    if trial.collected_by == "provider":
        return Leave("the provider decides how it ends")
    if trial.cancel_at_period_end:
        return End(Cause.CANCELED)
    if trial.collected_by == "local":
        return Leave("its first charge decides how it ends")
    return End(Cause.TRIAL_ENDED)
