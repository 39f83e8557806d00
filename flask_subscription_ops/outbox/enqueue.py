"""Queue effects in the caller's transaction: they exist when, and only when, the change that caused them does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ..models import OutboxMessage
from .effects import Effect


def enqueue(session: Session, effects: Sequence[Effect], now: datetime) -> Counter[str]:
    """Store the effects that are not stored yet, in one statement; return how many of each kind are new."""
    if not effects:
        return Counter()
    statement = _insert_new(session).returning(OutboxMessage.__table__.c.kind)
    return Counter(session.execute(statement, [effect.row(now) for effect in effects]).scalars())


def _insert_new(session: Session) -> Insert:
    table: Any = OutboxMessage.__table__
    dialect = session.get_bind().dialect.name
    if dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing(index_elements=["effect_key"])
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing(index_elements=["effect_key"])
    return insert(table).prefix_with("IGNORE")
