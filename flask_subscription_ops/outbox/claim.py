"""Claim due effects under a lease, and take back those whose lease has ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from ..database.dialects import database_now
from ..domain.retry import EffectState
from ..models import OutboxMessage
from ..runtime import Runtime
from .effects import EMAIL, WORKSPACES
from .lease import Lease, take_lease

TAKEN_BACK_AT_ONCE = 1000
CUT_OFF = "cut off while it was being sent: look whether it arrived, then retry or drop it"
RELEASED = {"lease_until": None, "lease_token": None, "lane_in_flight": None}


@dataclass(frozen=True)
class Claim:
    """Effects that are ours until the lease ends, and older wishes that a newer one has replaced."""

    lease: Lease
    messages: Sequence[OutboxMessage]
    replaced: Sequence[OutboxMessage] = ()


def claim_emails(runtime: Runtime, now: datetime, limit: int) -> Claim:
    """Claim the emails that have been due the longest."""

    def work(session: Session) -> Claim:
        lease = take_lease(session, runtime.settings.lease_seconds)
        messages = session.scalars(due(EMAIL, now).limit(limit)).all()
        _lease_out(session, lease, messages, now)
        return Claim(lease, messages)

    return runtime.in_transaction(work)


def claim_operations(runtime: Runtime, now: datetime, limit: int) -> Claim:
    """Claim workspace operations, at most one for each account, and never one older than another of its product."""

    def work(session: Session) -> Claim:
        lease = take_lease(session, runtime.settings.lease_seconds)
        candidates = session.scalars(due(WORKSPACES, now).where(~_lane_is_taken()).limit(limit)).all()
        newest = _newest(session, candidates)
        current = [m for m in candidates if m.id == newest[m.lane, m.product]]
        one_a_lane = [m for i, m in enumerate(current) if m.lane not in {other.lane for other in current[:i]}]
        replaced = [m for m in candidates if m.id != newest[m.lane, m.product]]
        _lease_out(session, lease, [*one_a_lane, *replaced], now)
        _take_lanes(session, one_a_lane)
        return Claim(lease, one_a_lane, replaced)

    return runtime.in_transaction(work)


def take_back(runtime: Runtime) -> Sequence[tuple[OutboxMessage, EffectState, str]]:
    """Return effects whose lease has ended to the queue; whoever held them can no longer write.

    The result is what does not go back, and why: what may have gone out and may go at most once is held for a human,
    and what was cut off too often is dead.
    """

    def work(session: Session) -> Sequence[tuple[OutboxMessage, EffectState, str]]:
        ended = session.scalars(_with_ended_lease(database_now(session))).all()
        once = runtime.settings.emails_at_most_once
        held = [m for m in ended if m.kind in once and m.marked_at is not None]
        dead = [m for m in ended if m not in held and m.attempts >= runtime.settings.max_attempts]
        _release(session, held, EffectState.HELD, last_error=CUT_OFF)
        _release(session, dead, EffectState.DEAD)
        _release(session, [m for m in ended if m not in held and m not in dead], EffectState.PENDING)
        given_up = [(m, EffectState.HELD, CUT_OFF) for m in held]
        return [*given_up, *((m, EffectState.DEAD, m.last_error or CUT_OFF) for m in dead)]

    return runtime.in_transaction(work)


def due(channel: str, now: datetime) -> Select[Any]:
    """Select what is due in a channel, the longest waiting first, locked and stepping over what others hold."""
    table = OutboxMessage
    return (
        select(table)
        .where(table.channel == channel, table.state == EffectState.PENDING.value, table.due_at <= now)
        .order_by(table.due_at, table.id)
        .with_for_update(skip_locked=True)
    )


def _with_ended_lease(now: datetime) -> Select[Any]:
    table = OutboxMessage
    return (
        select(table)
        .where(table.state == EffectState.SENDING.value, table.lease_until <= now)
        .order_by(table.lease_until)
        .limit(TAKEN_BACK_AT_ONCE)
        .with_for_update(skip_locked=True)
    )


def _lane_is_taken() -> ColumnElement[bool]:
    other = aliased(OutboxMessage)
    return exists().where(other.lane_in_flight == OutboxMessage.lane)


def _newest(session: Session, candidates: Iterable[OutboxMessage]) -> dict[Any, int]:
    lanes = {message.lane for message in candidates}
    table = OutboxMessage
    rows = session.execute(
        select(table.lane, table.product, func.max(table.id))
        .where(table.lane.in_(lanes))
        .group_by(table.lane, table.product)
    )
    return {(lane, product): newest for lane, product, newest in rows}


def _lease_out(session: Session, lease: Lease, messages: Sequence[OutboxMessage], now: datetime) -> None:
    if not messages:
        return
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id.in_([message.id for message in messages]))
        .values(
            state=EffectState.SENDING.value,
            lease_until=lease.until,
            lease_token=lease.token,
            first_tried_at=func.coalesce(OutboxMessage.first_tried_at, now),
        )
        .execution_options(synchronize_session=False)
    )


def _take_lanes(session: Session, messages: Sequence[OutboxMessage]) -> None:
    # Unique in the database: of two workers that claim one account at the same time, one fails and begins anew.
    if messages:
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id.in_([message.id for message in messages]))
            .values(lane_in_flight=OutboxMessage.lane)
            .execution_options(synchronize_session=False)
        )


def _release(session: Session, messages: Sequence[OutboxMessage], state: EffectState, **values: Any) -> None:
    if messages:
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id.in_([message.id for message in messages]))
            .values(state=state.value, **RELEASED, **values)
            .execution_options(synchronize_session=False)
        )
