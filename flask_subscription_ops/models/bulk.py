"""A chunk of rows in one statement, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    ColumnElement,
    Dialect,
    Update,
    any_,
    bindparam,
    column,
    func,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .base import Base
from .given import Rows, Types, document, given, plain_rows, updating
from .types import MYSQL

ROWS_A_STATEMENT = 2000  # a chunk of 1000 subscriptions has at most two effects each


def insert_rows(session: Session, model: type[Base], rows: Rows) -> None:
    """Insert rows that name the same columns."""
    if rows:
        # Asking for something back is what makes SQLAlchemy send many rows in one statement.
        _execute(session, _insert(session, model, rows), model, rows, returning="id")


def insert_new_rows(session: Session, model: type[Base], rows: Rows, unique: str) -> set[str]:
    """Insert the rows whose value of the `unique` column is not stored yet; return the values of those."""
    if not rows:
        return set()
    if dialect_of(session, model).name in MYSQL:
        return _insert_new_on_mysql(session, model, rows, unique)
    statement = _insert(session, model, rows).on_conflict_do_nothing(index_elements=[unique])
    return set(_execute(session, statement, model, rows, returning=unique).scalars())


def update_rows(session: Session, model: type[Base], rows: Rows) -> int:
    """Write rows that name the same columns, each its own values, in one statement; return how many were written.

    A row is written only while it is in the version it names, and gets the next one.
    """
    if not rows:
        return 0
    dialect, names = dialect_of(session, model), tuple(rows[0])
    statement = _update_statement(dialect.name, model, names)
    parameters = {"rows": document(dialect, types_of(model, names), rows)}
    written: Any = session.execute(statement, parameters, bind_arguments={"mapper": model})
    return int(written.rowcount)


def among(dialect: str, model: type[Any], ids: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition that a row is one of a chunk's; one parameter where the database has arrays."""
    key: ColumnElement[int] = model.__table__.c.id
    if dialect == "postgresql":
        return key == any_(bindparam(None, list(ids), type_=ARRAY(BigInteger)))
    return key.in_(ids)


def types_of(model: type[Base], names: Sequence[str]) -> Types:
    """Return the types of a model's columns."""
    return {name: model.__table__.c[name].type for name in names}


def dialect_of(session: Session, model: type[Base]) -> Dialect:
    """Return the dialect of the database that holds a model's rows."""
    return session.get_bind(mapper=model.__mapper__).dialect


def _insert(session: Session, model: type[Base], rows: Rows) -> Any:
    table: Any = model.__table__
    dialect = dialect_of(session, model).name
    if dialect not in ("postgresql", "sqlite"):
        return insert(table)
    statement = import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
    return statement if dialect == "sqlite" else statement.from_select(list(rows[0]), _from_json(table, list(rows[0])))


def _insert_new_on_mysql(session: Session, model: type[Base], rows: Rows, unique: str) -> set[str]:
    # INSERT IGNORE would also pass over values that do not fit, and ON DUPLICATE KEY does not tell whose row stands
    # there now. One statement is refused as a whole where another transaction was quicker: then ask again.
    table: Any = model.__table__
    names, own = list(rows[0]), {"mapper": model.__mapper__}
    dialect, types = dialect_of(session, model), types_of(model, names)
    source = insert(table).from_select(names, select(*given(dialect.name, types).c))
    asked = select(table.c[unique]).where(table.c[unique].in_([row[unique] for row in rows]))
    stored = set(session.scalars(asked, bind_arguments=own))
    while new := [row for row in rows if row[unique] not in stored]:
        try:
            session.execute(source, {"rows": document(dialect, types, new)}, bind_arguments=own)
        except IntegrityError:
            before, stored = stored, set(session.scalars(asked.with_for_update(read=True), bind_arguments=own))
            if stored == before:
                raise
        else:
            return {row[unique] for row in new}
    return set()


@lru_cache(maxsize=64)
def _update_statement(dialect: str, model: type[Base], names: tuple[str, ...]) -> Update:
    table: Any = model.__table__
    new = given(dialect, types_of(model, names))
    values = {table.c[name]: new.c[name] for name in names if name not in ("id", "version")}
    return (
        updating(dialect, table, new)
        .where(table.c.version == new.c.version)
        .values({**values, table.c.version: new.c.version + 1})
    )


def _from_json(table: Any, names: Sequence[str]) -> Any:
    # One JSON parameter for all rows: on PostgreSQL, parsing 20,000 parameters is most of what an insert costs.
    rows = func.json_to_recordset(bindparam("rows", type_=JSON())).table_valued(
        *[column(name, table.c[name].type) for name in names]
    )
    return select(*rows.render_derived(with_types=True).c)


def _execute(session: Session, statement: Any, model: type[Base], rows: Rows, *, returning: str) -> Any:
    dialect = dialect_of(session, model)
    if dialect.insert_returning:  # MySQL cannot
        statement = statement.returning(model.__table__.c[returning])
    if statement.select is not None:
        return session.execute(statement, {"rows": plain_rows(dialect, types_of(model, tuple(rows[0])), rows)})
    return session.execute(statement, rows, execution_options={"insertmanyvalues_page_size": ROWS_A_STATEMENT})
