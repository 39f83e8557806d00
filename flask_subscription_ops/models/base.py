"""The package's own declarative base, and its tables' twins in the host's metadata."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Index, MetaData, Table, event, text
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeEngine

from .types import MYSQL, on_mysql, plain

NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
}


MARK = "subscription_ops"  # in the info of our tables' copies: whose they are
CONDITION = "subscription_ops_condition"  # in the info of an index: of which rows it is
CHOOSING = ("postgresql", "sqlite")  # databases with indexes of some rows


class Base(DeclarativeBase):
    """Ground of every model; no class of it knows the host's tables."""

    metadata = MetaData(naming_convention=NAMING)
    fault = ""  # what of a stored row could not be read

    @classmethod
    def __table_cls__(cls, *arguments: Any, **options: Any) -> Table:
        # SQLite gives the id of a deleted last row again, and an effect's or an audit entry's key is made of ids.
        table = Table(*arguments, **options, sqlite_autoincrement=True)
        event.listen(table, "before_create", _choose_rows)
        return table

    def with_fault(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return a document about this row, its fault added where it has one."""
        return {**document, "fault": self.fault} if self.fault else document


def index_of_some(condition: str, *columns: str) -> Index:
    """Return an index of the rows that a condition holds for, and of all rows where a database cannot choose.

    It stays small however many rows there are, and no statistics are needed to find it the best.
    """
    return Index(None, *columns, info={CONDITION: condition})


def names_taken(metadata: MetaData) -> list[str]:
    """Return our tables' names under which the host has tables of its own."""
    found = [metadata.tables.get(_key(table, metadata)) for table in Base.metadata.sorted_tables]
    return [table.name for table in found if table is not None and MARK not in table.info]


def mirror(metadata: MetaData) -> None:
    """Copy every table into the host's metadata, once, so that `flask db migrate` and `create_all` see it.

    The copies have plain column types: a migration written from them needs no import of this package. They stand in
    the schema that the metadata names.
    """
    for table in Base.metadata.sorted_tables:
        if _key(table, metadata) not in metadata.tables:
            copy = table.to_metadata(metadata, schema=metadata.schema)  # type: ignore[arg-type]  # None is none
            copy.info[MARK] = True
            own = {index.name: index.info for index in table.indexes}
            for index in copy.indexes:
                index.info.update(own[index.name])
            _set_types(copy, plain)
            event.listen(copy, "before_create", _choose_types)
            event.listen(copy, "before_create", _choose_rows)


def name_everything(metadata: MetaData) -> None:
    """Let the copies say what they are on every database, as a migration has to.

    Else each dialect is loaded where it is used: that of another database would take as long as the rest of a start.
    """
    for table in metadata.tables.values():
        if MARK in table.info:
            _set_types(table, on_mysql)
            for dialect in CHOOSING:
                _set_conditions(table, dialect)


def _choose_types(table: Table, connection: Connection, **_: Any) -> None:
    if connection.dialect.name in MYSQL:
        _set_types(table, on_mysql)


def _choose_rows(table: Table, connection: Connection, **_: Any) -> None:
    if connection.dialect.name in CHOOSING:
        _set_conditions(table, connection.dialect.name)


def _set_conditions(table: Table, dialect: str) -> None:
    for index in table.indexes:
        if CONDITION in index.info:
            index.dialect_options[dialect]["where"] = text(index.info[CONDITION])


def _key(table: Table, metadata: MetaData) -> str:
    return table.name if metadata.schema is None else f"{metadata.schema}.{table.name}"


def _set_types(table: Table, spelling: Callable[[TypeEngine[Any]], TypeEngine[Any]]) -> None:
    for column in table.columns:
        column.type = spelling(column.type)
