"""Queue effects in the caller's transaction: they exist when, and only when, the change that caused them does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from ..models import OutboxMessage
from .effects import Effect

ROWS_A_STATEMENT = 2000  # a chunk of 1000 subscriptions has at most two effects each


def enqueue(session: Session, effects: Sequence[Effect], now: datetime) -> list[Effect]:
    """Store the effects that are not stored yet, in one statement; return those that are new."""
    if not effects:
        return []
    new = set(session.execute(_insert_new(session), [effect.row(now) for effect in effects]).scalars())
    return [effect for effect in effects if effect.key in new]


def _insert_new(session: Session) -> Any:
    table: Any = OutboxMessage.__table__
    dialect = session.get_bind(mapper=OutboxMessage).dialect.name
    if dialect in ("postgresql", "sqlite"):
        dml = import_module(f"sqlalchemy.dialects.{dialect}")
        statement = dml.insert(table).on_conflict_do_nothing(index_elements=["effect_key"])
    else:
        statement = insert(table).prefix_with("IGNORE")
    return statement.returning(table.c.effect_key).execution_options(insertmanyvalues_page_size=ROWS_A_STATEMENT)
