"""What an operator does with effects that did not go out by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, select, update

from ..domain.retry import EffectState
from ..errors import UnknownEffect
from ..models import OutboxMessage
from ..outbox.lease import RELEASED
from ..outside.logs import logger
from .context import Context

log = logger()

GIVEN_UP = (EffectState.DEAD, EffectState.HELD, EffectState.NO_RECIPIENT)
DROPPABLE = (*GIVEN_UP, EffectState.PENDING)
WAITING = (EffectState.PENDING, EffectState.SENDING)


def retry(context: Context, keys: Sequence[str], state: EffectState = EffectState.DEAD) -> int:
    """Queue given-up effects anew: those named, else all that are in `state`; return how many."""
    wanted = OutboxMessage.being(*GIVEN_UP) if keys else OutboxMessage.being(state)
    again = {"attempts": 0, "alone": False, "due_at": context.now, "done_at": None, "marked_at": None}
    return _write(context, keys, wanted, {"state": EffectState.PENDING.value, **again}, "queued anew")


def drop(context: Context, keys: Sequence[str]) -> int:
    """Give effects up for good that have not gone out; their keys stay, so that they are never queued again."""
    return _write(context, keys, OutboxMessage.being(*DROPPABLE), _dropped(context, "dropped by hand"), "dropped")


def drop_waiting(context: Context, reason: str) -> int:
    """Give up every effect that still waits, as a copy of another deployment's database does."""
    return _write(context, (), OutboxMessage.being(*WAITING), _dropped(context, reason), "dropped")


def left_alone(context: Context, keys: Sequence[str], wanted: Sequence[EffectState]) -> list[str]:
    """Say of each of these effects that is in none of the wanted states in which it is."""
    statement = select(OutboxMessage.effect_key, OutboxMessage.state).where(
        OutboxMessage.effect_key.in_(keys), ~OutboxMessage.being(*wanted)
    )
    return [f"{key} is {state}" for key, state in context.session.execute(statement.order_by(OutboxMessage.id))]


def _dropped(context: Context, reason: str) -> dict[str, Any]:
    return {"state": EffectState.DROPPED.value, "last_error": reason, "done_at": context.now, **RELEASED}


def _write(
    context: Context, keys: Sequence[str], wanted: ColumnElement[bool], values: Mapping[str, Any], done: str
) -> int:
    _require(context, keys)
    statement = update(OutboxMessage).where(wanted).values(**values).execution_options(synchronize_session=False)
    if keys:
        statement = statement.where(OutboxMessage.effect_key.in_(keys))
    written: Any = context.session.execute(statement)
    log.info("%d effects %s by %s", written.rowcount, done, context.actor)
    return int(written.rowcount)


def _require(context: Context, keys: Sequence[str]) -> None:
    known = set(context.session.scalars(select(OutboxMessage.effect_key).where(OutboxMessage.effect_key.in_(keys))))
    unknown = sorted(set(keys) - known)
    if unknown:
        listing = context.settings.command("outbox", "list")
        raise UnknownEffect(f"there is no effect {', '.join(unknown)}; `{listing}` names them")
