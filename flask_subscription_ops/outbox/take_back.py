"""Take back effects whose lease has ended, mostly because their worker has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session, defer

from ..database.dialects import database_now
from ..domain.retry import Answer, Decision, EffectState, decide
from ..models import OutboxMessage
from ..outside.text import describe
from ..runtime import Runtime
from .broken import NAMES, Broken, bury
from .delivery import Delivery
from .settle import alike, fail, outcome_of, tell

TAKEN_BACK_AT_ONCE = 1000
CUT_OFF = "cut off while it was under way: look whether it has happened, then retry or drop it"

Taken = Sequence[tuple[OutboxMessage, Decision]]


def take_back(delivery: Delivery) -> None:
    """Return effects whose lease has ended to the queue, or give them up; whoever held them can no longer write."""
    try:
        _tell(delivery, delivery.runtime.in_transaction(lambda session: _take(delivery, session, _ended(session))))
    except Exception as error:
        delivery.runtime.require_other_reason(error)
        _each_alone(delivery)


def _each_alone(delivery: Delivery) -> None:
    """One of them cannot be read or written: the others are taken back without it."""
    runtime = delivery.runtime
    with runtime.reading() as session:
        ended = session.execute(_ended(session).with_only_columns(*NAMES)).all()
    for row in ended:
        try:
            _tell(delivery, runtime.in_transaction(lambda s: _take(delivery, s, _only(s, row.id))))  # noqa: B023
        except Exception as error:
            runtime.require_other_reason(error)
            broken = Broken(*row, f"it cannot be taken back from a worker that ended: {describe(error)}")
            bury(runtime, broken, EffectState.SENDING, delivery.clock())
            fail(delivery.tally, broken, broken.error)


def _take(delivery: Delivery, session: Session, wanted: Select[Any]) -> Taken:
    now = delivery.clock()
    found = session.scalars(wanted.options(defer(OutboxMessage.details, raiseload=True)))  # may be unreadable
    taken = [(message, _decide(delivery.runtime, message)) for message in found]
    decisions = {message.id: decision for message, decision in taken}
    messages = [message for message, _ in taken]
    for values, group in alike(messages, lambda m: outcome_of(m, decisions[m.id], _detail(m, decisions[m.id]), now)):
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id.in_([message.id for message in group]))
            .values(**values)
            .execution_options(synchronize_session=False)
        )
    return taken


def _decide(runtime: Runtime, message: OutboxMessage) -> Decision:
    settings = runtime.settings
    return decide(
        Answer.CUT_OFF,
        attempts=message.attempts,
        max_attempts=settings.max_attempts,
        at_most_once=message.kind in settings.emails_at_most_once,
        marked=message.marked_at is not None,
        alone=message.alone,
    )


def _tell(delivery: Delivery, taken: Taken) -> None:
    for message, decision in taken:
        if decision.needs_a_human:
            tell(delivery.runtime, delivery.tally, message, decision, _detail(message, decision))


def _detail(message: OutboxMessage, decision: Decision) -> str:
    return CUT_OFF if decision.state is EffectState.HELD else message.last_error or CUT_OFF


def _ended(session: Session) -> Select[Any]:
    table = OutboxMessage
    return (
        select(table)
        .where(table.being(EffectState.SENDING), table.lease_until <= database_now(session))
        .order_by(table.lease_until)
        .limit(TAKEN_BACK_AT_ONCE)
        .with_for_update(skip_locked=True)
    )


def _only(session: Session, effect_id: int) -> Select[Any]:
    return _ended(session).where(OutboxMessage.id == effect_id)
