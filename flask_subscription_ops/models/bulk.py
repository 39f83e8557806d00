"""A chunk of rows in one statement, however many there are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    ColumnElement,
    Dialect,
    Join,
    Subquery,
    Update,
    any_,
    bindparam,
    column,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine

from .base import Base
from .types import MYSQL

ROWS_A_STATEMENT = 2000  # a chunk of 1000 subscriptions has at most two effects each

Rows = Sequence[Mapping[str, Any]]

# How the values of a JSON document are read; SQLite takes them as they are.
SQL_TYPES: Mapping[str, Mapping[type, str]] = {
    "postgresql": {int: "bigint", bool: "boolean", str: "text", datetime: "timestamptz"},
    **{name: {int: "BIGINT", bool: "TINYINT", str: "LONGTEXT", datetime: "DATETIME(6)"} for name in MYSQL},
}


def insert_rows(session: Session, model: type[Base], rows: Rows) -> None:
    """Insert rows that name the same columns."""
    if rows:
        # Asking for something back is what makes SQLAlchemy send many rows in one statement.
        _execute(session, _insert(session, model, rows), model, rows, returning="id")


def insert_new_rows(session: Session, model: type[Base], rows: Rows, unique: str) -> set[str]:
    """Insert the rows whose value of the `unique` column is not stored yet; return the values of those."""
    if not rows:
        return set()
    if _dialect(session, model).name in MYSQL:
        return _insert_new_on_mysql(session, model, rows, unique)
    statement = _insert(session, model, rows).on_conflict_do_nothing(index_elements=[unique])
    return set(_execute(session, statement, model, rows, returning=unique).scalars())


def update_rows(session: Session, model: type[Base], rows: Rows) -> int:
    """Write rows that name the same columns, each its own values, in one statement; return how many were written.

    A row is written only while it is in the version it names, and gets the next one.
    """
    if not rows:
        return 0
    dialect = _dialect(session, model)
    statement = _update_statement(dialect.name, model, tuple(rows[0]))
    document = json.dumps(_plain(dialect, model, rows))
    written: Any = session.execute(statement, {"rows": document}, bind_arguments={"mapper": model})
    return int(written.rowcount)


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


def _insert_new_on_mysql(session: Session, model: type[Base], rows: Rows, unique: str) -> set[str]:
    # INSERT IGNORE would also pass over values that do not fit, and ON DUPLICATE KEY does not tell whose row stands
    # there now. One statement is refused as a whole where another transaction was quicker: then ask again.
    table: Any = model.__table__
    names, own = list(rows[0]), {"mapper": model.__mapper__}
    asked = select(table.c[unique]).where(table.c[unique].in_([row[unique] for row in rows]))
    stored = set(session.scalars(asked, bind_arguments=own))
    while new := [row for row in rows if row[unique] not in stored]:
        dialect = _dialect(session, model)
        source = select(*_rows_as_table(dialect.name, table, names).c)
        document = json.dumps(_plain(dialect, model, new))
        try:
            session.execute(insert(table).from_select(names, source), {"rows": document}, bind_arguments=own)
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
    given = _rows_as_table(dialect, table, names)
    values = {table.c[name]: given.c[name] for name in names if name not in ("id", "version")}
    by_id, as_read = table.c.id == given.c.id, table.c.version == given.c.version
    written = update(_InOrder(given, table, by_id)) if dialect in MYSQL else update(table).where(by_id)
    return written.where(as_read).values({**values, table.c.version: table.c.version + 1})


class _InOrder(Join):
    """A join that MariaDB and MySQL read from left to right, the right side by its primary key.

    Left to themselves they scan a small table, and wait for rows of it that other workers hold.
    """

    inherit_cache = True


@compiles(_InOrder)
def _write_in_order(join: Any, compiler: SQLCompiler, **options: Any) -> str:
    options |= {"asfrom": True}
    left, right, on = (compiler.process(part, **options) for part in (join.left, join.right, join.onclause))
    return f"{left} STRAIGHT_JOIN {right} FORCE INDEX (PRIMARY) ON {on}"


def _rows_as_table(dialect: str, table: Any, names: Sequence[str]) -> Subquery:
    """Return rows that come as the one JSON parameter `rows` as something to select from."""
    types = {name: SQL_TYPES.get(dialect, {}).get(_python_type(table.c[name].type), "") for name in names}
    mark = "`" if dialect in MYSQL else '"'
    quoted = {name: f"{mark}{name}{mark}" for name in names}  # interval is a word of its own there
    found = ", ".join(quoted.values())
    if dialect == "sqlite":
        found = ", ".join(f"json_extract(value, '$.{name}') AS {quoted[name]}" for name in names)
        source = "json_each(:rows)"
    elif dialect == "postgresql":
        columns = ", ".join(f"{quoted[name]} {kind}" for name, kind in types.items())
        source = f"json_to_recordset(CAST(:rows AS json)) AS given ({columns})"
    else:
        columns = ", ".join(f"{quoted[name]} {kind} PATH '$.{name}'" for name, kind in types.items())
        source = f"JSON_TABLE(:rows, '$[*]' COLUMNS ({columns})) AS given"
    rows = text(f"SELECT {found} FROM {source}")  # noqa: S608  # the names are our own columns'
    return rows.columns(*[column(name) for name in names]).subquery("new")


def _python_type(kind: TypeEngine[Any]) -> type:
    stored: Any = kind.impl if isinstance(kind, TypeDecorator) else kind
    python_type: type = stored.python_type
    return python_type


def _from_json(table: Any, names: Sequence[str]) -> Any:
    # One parameter instead of one a value: reading twenty thousand of them is most of what an insert costs there.
    document = func.json_to_recordset(bindparam("rows", type_=JSON()))
    rows = document.table_valued(*[column(name, table.c[name].type) for name in names])
    return select(*rows.render_derived(with_types=True).c)


def _execute(session: Session, statement: Any, model: type[Base], rows: Rows, *, returning: str) -> Any:
    if _dialect(session, model).insert_returning:  # MySQL cannot
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
        stored = process(value)
        known[id(value)] = stored.isoformat(" ") if isinstance(stored, datetime) else stored
    return known[id(value)]


def _dialect(session: Session, model: type[Base]) -> Dialect:
    return session.get_bind(mapper=model.__mapper__).dialect
