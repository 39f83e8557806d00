"""A chunk of rows in one statement, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any

from sqlalchemy import ARRAY, JSON, BigInteger, ColumnElement, Dialect, any_, bindparam, column, func, insert, select
from sqlalchemy.orm import Session

from .base import Base

ROWS_A_STATEMENT = 2000  # a chunk of 1000 subscriptions has at most two effects each

Rows = Sequence[Mapping[str, Any]]


def insert_rows(session: Session, model: type[Base], rows: Rows) -> None:
    """Insert rows that name the same columns."""
    if rows:
        # Asking for something back is what makes SQLAlchemy send many rows in one statement.
        _execute(session, _insert(session, model, rows), model, rows, returning="id")


def insert_new_rows(session: Session, model: type[Base], rows: Rows, unique: str) -> set[str]:
    """Insert the rows whose value of the `unique` column is not stored yet; return the values of those."""
    if not rows:
        return set()
    statement = _insert(session, model, rows)
    if hasattr(statement, "on_conflict_do_nothing"):
        statement = statement.on_conflict_do_nothing(index_elements=[unique])
    else:
        statement = statement.prefix_with("IGNORE")
    return set(_execute(session, statement, model, rows, returning=unique).scalars())


def among(session: Session, model: type[Base], ids: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition that a row is one of a chunk's; one parameter where the database has arrays."""
    key: ColumnElement[int] = model.__table__.c.id
    if _dialect(session, model).name == "postgresql":
        return key == any_(bindparam(None, list(ids), type_=ARRAY(BigInteger)))
    return key.in_(ids)


def _insert(session: Session, model: type[Base], rows: Rows) -> Any:
    table: Any = model.__table__
    dialect = _dialect(session, model).name
    if dialect not in ("postgresql", "sqlite"):
        return insert(table)
    statement = import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
    return statement if dialect == "sqlite" else statement.from_select(list(rows[0]), _from_json(table, list(rows[0])))


def _from_json(table: Any, names: Sequence[str]) -> Any:
    # One parameter instead of one a value: reading twenty thousand of them is most of what an insert costs there.
    document = func.json_to_recordset(bindparam("rows", type_=JSON()))
    rows = document.table_valued(*[column(name, table.c[name].type) for name in names])
    return select(*rows.render_derived(with_types=True).c)


def _execute(session: Session, statement: Any, model: type[Base], rows: Rows, *, returning: str) -> Any:
    statement = statement.returning(model.__table__.c[returning])
    if statement.select is not None:
        return session.execute(statement, {"rows": _plain(_dialect(session, model), model, rows)})
    return session.execute(statement, rows, execution_options={"insertmanyvalues_page_size": ROWS_A_STATEMENT})


def _plain(dialect: Dialect, model: type[Base], rows: Rows) -> Rows:
    """Return the rows with every value as JSON can hold it and the column's type reads it."""
    types = {name: model.__table__.c[name].type.dialect_impl(dialect) for name in rows[0]}
    special = {name: process for name, type_ in types.items() if (process := type_.bind_processor(dialect))}
    known: dict[int, Any] = {}  # the instants of a chunk are mostly one and the same object
    return [{**row, **{name: _text(process, row[name], known) for name, process in special.items()}} for row in rows]


def _text(process: Callable[[Any], Any], value: Any, known: dict[int, Any]) -> Any:
    if not isinstance(value, datetime):
        return process(value)
    if id(value) not in known:
        known[id(value)] = process(value).isoformat()
    return known[id(value)]


def _dialect(session: Session, model: type[Base]) -> Dialect:
    return session.get_bind(mapper=model.__mapper__).dialect
