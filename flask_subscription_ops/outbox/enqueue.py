"""Queue effects in the caller's transaction: they exist when, and only when, the change that caused them does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from ..models import OutboxMessage
from ..models.bulk import insert_new_rows
from .effects import Effect


def enqueue(session: Session, effects: Sequence[Effect], now: datetime) -> list[Effect]:
    """Store the effects that are not stored yet, in one statement; return those that are new."""
    new = insert_new_rows(session, OutboxMessage, [effect.row(now) for effect in effects], "effect_key")
    return [effect for effect in effects if effect.key in new]
