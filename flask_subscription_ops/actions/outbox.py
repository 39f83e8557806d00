"""What an operator does with effects that did not go out by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select, update

from ..errors import UnknownEffect
from ..models import OutboxMessage, Subscription
from ..models.outbox import EffectState
from ..outbox.claim import RELEASED
from .work import Work

GIVEN_UP = (EffectState.DEAD.value, EffectState.HELD.value, EffectState.NO_RECIPIENT.value)
OPEN = (*GIVEN_UP, EffectState.PENDING.value)


def retry(work: Work, keys: Sequence[str]) -> int:
    """Queue given-up effects anew, all dead ones where no key is named; return how many."""
    wanted = OutboxMessage.state.in_(GIVEN_UP) if keys else OutboxMessage.state == EffectState.DEAD.value
    again = {"state": EffectState.PENDING.value, "attempts": 0, "due_at": work.now, "done_at": None, "marked_at": None}
    return _write(work, keys, wanted, again)


def drop(work: Work, keys: Sequence[str]) -> int:
    """Give effects up for good that have not gone out; their keys stay, so that they are never queued again."""
    return _write(work, keys, OutboxMessage.state.in_(OPEN), {**_dropped("dropped by hand"), "done_at": work.now})


def drop_waiting(work: Work, reason: str) -> int:
    """Give up every effect that still waits, as a copy of another deployment's database does."""
    waiting = OutboxMessage.state.in_([EffectState.PENDING.value, EffectState.SENDING.value])
    return _write(work, (), waiting, {**_dropped(reason), "done_at": work.now})


def reconsider(work: Work, subscription: Subscription) -> None:
    """Queue a subscription's superseded reminders anew: whether they are wanted is looked at when they are sent."""
    passed_over = (
        OutboxMessage.subscription_id == subscription.id,
        OutboxMessage.kind == "trial_reminder",
        OutboxMessage.state == EffectState.SUPERSEDED.value,
    )
    again = {"state": EffectState.PENDING.value, "done_at": None}
    statement = update(OutboxMessage).where(*passed_over).values(**again)
    work.session.execute(statement.execution_options(synchronize_session=False))


def _dropped(reason: str) -> dict[str, Any]:
    return {"state": EffectState.SUPERSEDED.value, "last_error": reason, **RELEASED}


def _write(work: Work, keys: Sequence[str], wanted: ColumnElement[bool], values: dict[str, Any]) -> int:
    _require(work, keys)
    statement = update(OutboxMessage).where(wanted).values(**values).execution_options(synchronize_session=False)
    if keys:
        statement = statement.where(OutboxMessage.effect_key.in_(keys))
    written: Any = work.session.execute(statement)
    return int(written.rowcount)


def _require(work: Work, keys: Sequence[str]) -> None:
    known = set(work.session.scalars(select(OutboxMessage.effect_key).where(OutboxMessage.effect_key.in_(keys))))
    unknown = sorted(set(keys) - known)
    if unknown:
        raise UnknownEffect(f"there is no effect {', '.join(unknown)}; `flask subs outbox list` names them")
