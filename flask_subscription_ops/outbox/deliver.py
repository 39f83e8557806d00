"""Deliver everything that is due, until nothing is or the limit is reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ScalarSelect, func, select

from ..database.dialects import database_clock
from ..domain.retry import EffectState
from ..models import OutboxMessage
from ..outside.logs import logger
from .claim import is_due
from .delivery import Channel, Delivery
from .effects import channel_of
from .run_operations import Operations
from .send_emails import Emails
from .take_back import take_back

log = logger()

CHANNELS: tuple[type[Channel], ...] = (Operations, Emails)


def deliver(delivery: Delivery) -> int:
    """Return how many effects were handled; the delivery's tally says what became of them.

    What may have ended its worker before goes last and by itself. What is not set up holds back nothing else; its
    ConfigurationError is raised when that is done.
    """
    if not _is_anything_due(delivery):
        return 0
    take_back(delivery)
    channels = [channel(delivery) for channel in CHANNELS]
    _in_turn(delivery, channels, alone=False)
    _in_turn(delivery, channels, alone=True)
    for channel in channels:
        if channel.waits_for:
            _say_what_waits(delivery, channel)
    for channel in channels:
        if channel.problem is not None:
            raise channel.problem
    return delivery.handled


def _is_anything_due(delivery: Delivery) -> bool:
    """Look with one statement for what is due in any channel, and for a lease that has ended."""
    try:
        with delivery.runtime.reading() as session:
            clock = database_clock(session)
            *due, ends_at, now = session.execute(select(*_first_due(delivery), _first_end(), clock)).one()
    except Exception as error:
        delivery.runtime.require_other_reason(error)
        return True  # a row that cannot be read is found by those who go through them one by one
    return any(effect is not None for effect in due) or (ends_at is not None and ends_at <= now)


def _first_due(delivery: Delivery) -> list[ScalarSelect[Any]]:
    table = OutboxMessage
    first = select(table.id).where(*is_due(delivery.clock())).order_by(table.due_at, table.id).limit(1)
    return [first.where(table.channel == channel.name).scalar_subquery() for channel in CHANNELS]


def _first_end() -> ScalarSelect[Any]:
    table = OutboxMessage
    held = select(table.lease_until).where(table.being(EffectState.SENDING), table.lease_until.is_not(None))
    return held.order_by(table.lease_until).limit(1).scalar_subquery()


def _in_turn(delivery: Delivery, channels: Sequence[Channel], *, alone: bool) -> None:
    """Let the channels work in turn, so that slow operations hold no email back."""
    busy = list(channels)
    while busy and delivery.room > 0:
        channel = busy.pop(0)
        if channel.work(delivery.room, alone=alone):
            busy.append(channel)


def _say_what_waits(delivery: Delivery, channel: Channel) -> None:
    table = OutboxMessage
    waiting = (
        select(table.kind, func.count().label("effects"))
        .where(table.channel == channel.name, *is_due(delivery.clock()))
        .group_by(table.kind)
    )
    with delivery.runtime.reading() as session:
        kinds = {row.kind: row.effects for row in session.execute(waiting)}
    delivery.tally.deferred.update(kinds)
    snoozed = sum(number for kind, number in delivery.tally.snoozed.items() if channel_of(kind) == channel.name)
    waiting_now = sum(kinds.values()) + snoozed
    if waiting_now:
        log.warning("%s: %d %s wait (%s)", channel.waits_for, waiting_now, channel.calls_them, channel.fault)
