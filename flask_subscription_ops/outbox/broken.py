"""An effect whose row cannot be read or written: told apart from its neighbours, and dead alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from ..domain.retry import EffectState
from ..models import OutboxMessage
from ..runtime import Runtime
from .lease import RELEASED

NAMES = (OutboxMessage.id, OutboxMessage.effect_key, OutboxMessage.kind, OutboxMessage.account_id)


@dataclass(frozen=True)
class Broken:
    """A due effect that cannot be handled; it is dead where at least that could be written down."""

    id: int
    effect_key: str
    kind: str
    account_id: str | None
    error: str


def bury(runtime: Runtime, broken: Broken, found_in: EffectState, now: datetime) -> None:
    """Give an effect up that is still in the state in which it was found, without reading its row."""
    statement = (
        update(OutboxMessage)
        .where(OutboxMessage.id == broken.id, OutboxMessage.being(found_in))
        .values(state=EffectState.DEAD.value, last_error=broken.error, done_at=now, **RELEASED)
        .execution_options(synchronize_session=False)
    )
    try:
        runtime.in_transaction(lambda session: session.execute(statement))
    except DBAPIError as error:
        runtime.require_other_reason(error)  # else the row refuses this too, and is reported by each run
