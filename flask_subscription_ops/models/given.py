"""Rows that a statement is given as one JSON parameter, as something to select from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Dialect, Join, Select, Subquery, Update, column, text, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine

from .types import MYSQL

Rows = Sequence[Mapping[str, Any]]
Types = Mapping[str, TypeEngine[Any]]

# How the values of a JSON document are read; SQLite takes them as they are.
SQL_TYPES: Mapping[str, Mapping[type, str]] = {
    "postgresql": {int: "bigint", bool: "boolean", str: "text", datetime: "timestamptz"},
    **{name: {int: "BIGINT", bool: "TINYINT", str: "LONGTEXT", datetime: "DATETIME(6)"} for name in MYSQL},
}


def given(dialect: str, types: Types) -> Subquery:
    """Return what the parameter `rows` holds as a table of these columns."""
    kinds = {name: SQL_TYPES.get(dialect, {}).get(_python_type(kind), "") for name, kind in types.items()}
    mark = "`" if dialect in MYSQL else '"'
    quoted = {name: f"{mark}{name}{mark}" for name in types}  # interval is a word of its own there
    found = ", ".join(quoted.values())
    if dialect == "sqlite":
        found = ", ".join(f"json_extract(value, '$.{name}') AS {quoted[name]}" for name in types)
        source = "json_each(:rows)"
    elif dialect == "postgresql":
        columns = ", ".join(f"{quoted[name]} {kind}" for name, kind in kinds.items())
        source = f"json_to_recordset(CAST(:rows AS json)) AS given ({columns})"
    else:
        columns = ", ".join(f"{quoted[name]} {kind} PATH '$.{name}'" for name, kind in kinds.items())
        source = f"JSON_TABLE(:rows, '$[*]' COLUMNS ({columns})) AS given"
    rows = text(f"SELECT {found} FROM {source}")  # noqa: S608  # the names are our own columns'
    return rows.columns(*[column(name, kind) for name, kind in types.items()]).subquery("new")


def document(dialect: Dialect, types: Types, rows: Rows) -> str:
    """Return rows as the parameter that `given` reads."""
    return json.dumps(plain_rows(dialect, types, rows))


def plain_rows(dialect: Dialect, types: Types, rows: Rows) -> Rows:
    """Return the rows with every value as JSON can hold it and the column's type reads it."""
    impls = {name: kind.dialect_impl(dialect) for name, kind in types.items()}
    special = {name: process for name, kind in impls.items() if (process := kind.bind_processor(dialect))}
    if not special:
        return rows
    known: dict[int, Any] = {}  # the instants of a chunk are mostly one and the same object
    return [{**row, **{name: _text(process, row[name], known) for name, process in special.items()}} for row in rows]


def matched(dialect: str, statement: Select[Any], new: Subquery, table: Any) -> Select[Any]:
    """Let a statement select from the rows of a table that have an id among the given ones, and from those."""
    by_id = table.c.id == new.c.id
    return statement.select_from(_InOrder(new, table, by_id)) if dialect in MYSQL else statement.where(by_id)


def updating(dialect: str, table: Any, new: Subquery) -> Update:
    """Return an update of the rows of a table that have an id among the given ones."""
    by_id = table.c.id == new.c.id
    return update(_InOrder(new, table, by_id)) if dialect in MYSQL else update(table).where(by_id)


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


def _python_type(kind: TypeEngine[Any]) -> type:
    stored: Any = kind.impl if isinstance(kind, TypeDecorator) else kind
    python_type: type = stored.python_type
    return python_type


def _text(process: Callable[[Any], Any], value: Any, known: dict[int, Any]) -> Any:
    if not isinstance(value, datetime):
        return process(value)
    if id(value) not in known:
        stored = process(value)
        known[id(value)] = stored.isoformat(" ") if isinstance(stored, datetime) else stored
    return known[id(value)]
