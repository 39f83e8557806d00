"""Queue effects in the caller's transaction: they exist when, and only when, the change that caused them does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ..models import OutboxMessage
from .effects import Effect

ROWS_A_STATEMENT = 2000  # a chunk of 1000 subscriptions has at most two effects each


def enqueue(session: Session, effects: Sequence[Effect], now: datetime) -> Counter[str]:
    """Store the effects that are not stored yet, in one statement; return how many of each kind are new."""
    if not effects:
        return Counter()
    return Counter(session.execute(_insert_new(session), [effect.row(now) for effect in effects]).scalars())


def _insert_new(session: Session) -> Any:
    table: Any = OutboxMessage.__table__
    dialect = session.get_bind().dialect.name
    statement: Any = insert(table).prefix_with("IGNORE")
    if dialect == "postgresql":
        statement = postgresql.insert(table).on_conflict_do_nothing(index_elements=["effect_key"])
    elif dialect == "sqlite":
        statement = sqlite.insert(table).on_conflict_do_nothing(index_elements=["effect_key"])
    return statement.returning(table.c.kind).execution_options(insertmanyvalues_page_size=ROWS_A_STATEMENT)
