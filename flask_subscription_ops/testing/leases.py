"""Leases that end without a wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from ..database.dialects import database_now
from ..domain.retry import EffectState
from ..models import OutboxMessage
from .app import runtime_of

if TYPE_CHECKING:
    from flask import Flask


def end_leases(app: Flask) -> int:
    """Let the leases of all effects in flight end now by the database's clock, as long after a kill; tell how many."""
    return runtime_of(app).in_transaction(_end)


def _end(session: Session) -> int:
    table = OutboxMessage
    ended: CursorResult[Any] = session.execute(  # type: ignore[assignment]  # of an update it is one
        update(table)
        .where(table.being(EffectState.SENDING), table.lease_until > database_now(session))
        .values(lease_until=database_now(session))
        .execution_options(synchronize_session=False)
    )
    return ended.rowcount
