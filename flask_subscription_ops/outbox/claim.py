"""Claim due effects under a lease; a claim counts as a try."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from ..domain.retry import EffectState
from ..models import OutboxMessage
from ..outside.text import describe
from ..runtime import Runtime
from .broken import NAMES, Broken, bury
from .effects import EMAIL, WORKSPACES
from .lease import Lease, take_lease


@dataclass(frozen=True)
class Claim:
    """Effects that are ours until the lease ends, as they were before the claim.

    `replaced` are older wishes in whose place a newer one stands, `broken` could not be claimed at all.
    """

    lease: Lease
    messages: Sequence[OutboxMessage] = ()
    replaced: Sequence[OutboxMessage] = ()
    broken: Sequence[Broken] = ()


@dataclass(frozen=True)
class Part:
    """Which of a channel's due effects are meant.

    Those that are `alone`, or the others, and none of the ids in `without`; the longest waiting first, or the `latest`.
    """

    alone: bool = False
    latest: bool = False
    without: Collection[int] = ()


USUAL = Part()


def claim_emails(runtime: Runtime, now: datetime, limit: int, part: Part = USUAL) -> Claim:
    """Claim emails of this part of the queue, in its order."""

    def take(session: Session, lease: Lease, wanted: Select[Any]) -> Claim:
        messages = session.scalars(wanted).all()
        _lease_out(session, lease, messages, now)
        return Claim(lease, messages)

    return _claim(runtime, now, due(EMAIL, now, part).limit(limit), take)


def claim_operations(runtime: Runtime, now: datetime, limit: int, part: Part = USUAL) -> Claim:
    """Claim at most one workspace operation per account, and only the newest of each product."""

    def take(session: Session, lease: Lease, wanted: Select[Any]) -> Claim:
        candidates = session.scalars(wanted).all()
        newest = newest_wishes(session, candidates)
        current = [m for m in candidates if m.id == newest[m.lane, m.product]]
        one_a_lane = [m for i, m in enumerate(current) if m.lane not in {other.lane for other in current[:i]}]
        replaced = [m for m in candidates if m.id != newest[m.lane, m.product]]
        _lease_out(session, lease, [*one_a_lane, *replaced], now)
        _take_lanes(session, one_a_lane)
        return Claim(lease, one_a_lane, replaced)

    wanted = due(WORKSPACES, now, part).where(~_lane_is_taken())
    return _claim(runtime, now, wanted.limit(limit), take)


def due(channel: str, now: datetime, part: Part = USUAL) -> Select[Any]:
    """Select this part of what is due in a channel, locked and stepping over what others hold.

    Of those that are alone the least tried come first, so that one that ends each worker is not in their way.
    """
    table = OutboxMessage
    columns = (table.attempts, table.due_at, table.id) if part.alone else (table.due_at, table.id)
    order = [column.desc() if part.latest else column.asc() for column in columns]
    statement = select(table).where(
        table.channel == channel,
        *is_due(now),
        table.alone.is_(part.alone),
    )
    if part.without:
        statement = statement.where(table.id.not_in(part.without))
    return statement.order_by(*order).with_for_update(skip_locked=True)


def is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of an effect that waits and whose time has come."""
    return OutboxMessage.being(EffectState.PENDING), OutboxMessage.due_at <= now


Take = Callable[[Session, Lease, "Select[Any]"], Claim]


def _claim(runtime: Runtime, now: datetime, wanted: Select[Any], take: Take) -> Claim:
    try:
        return _transact(runtime, wanted, take)
    except Exception as error:
        runtime.require_other_reason(error)
    return _first_that_can_be_claimed(runtime, now, wanted, take)


def _transact(runtime: Runtime, wanted: Select[Any], take: Take) -> Claim:
    seconds = runtime.settings.lease_seconds
    return runtime.in_transaction(lambda session: take(session, take_lease(session, seconds), wanted))


def _first_that_can_be_claimed(runtime: Runtime, now: datetime, wanted: Select[Any], take: Take) -> Claim:
    """A row among them cannot be read or written: go through them one by one, and bury those."""
    names = wanted.with_only_columns(*NAMES)
    with runtime.reading() as session:
        rows = session.execute(names).all()
        lease = take_lease(session, runtime.settings.lease_seconds)
    broken: list[Broken] = []
    for row in rows:
        try:
            claim = _transact(runtime, wanted.where(OutboxMessage.id == row.id), take)
        except Exception as error:
            runtime.require_other_reason(error)
            broken.append(Broken(*row, f"its row cannot be read or claimed: {describe(error)}"))
            bury(runtime, broken[-1], EffectState.PENDING, now)
            continue
        if claim.messages or claim.replaced:
            return Claim(claim.lease, claim.messages, claim.replaced, broken)
    return Claim(lease, broken=broken)


def _lane_is_taken() -> ColumnElement[bool]:
    other = aliased(OutboxMessage)
    return exists().where(other.lane_in_flight == OutboxMessage.lane)


def newest_wishes(session: Session, candidates: Iterable[OutboxMessage]) -> dict[Any, int]:
    """Return the id of the newest operation of each lane and product among those of the candidates."""
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
            attempts=OutboxMessage.attempts + 1,
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
