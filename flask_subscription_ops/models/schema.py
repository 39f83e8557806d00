"""Whether a database has what the package needs, and in which schema it stands."""

from __future__ import annotations

from sqlalchemy import Engine, Table, TextClause, event, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql.compiler import IdentifierPreparer

from ..errors import SchemaOutdated
from ..outside.typed import typed
from .base import Base
from .deployment import DEPLOYMENT_ID, Deployment


def place_in_schema(engine: Engine, schema: str) -> None:
    """Let every statement that an engine compiles find our tables in a schema.

    No other table is touched, as an option `schema_translate_map` of the engine would: Alembic's own table and those
    of the host that name no schema stay where they are.
    """

    def schema_for_object(item: SchemaItem) -> str | None:
        own: str | None = getattr(item, "schema", None)
        return schema if own is None and getattr(item, "metadata", None) is Base.metadata else own

    def place(*_: object) -> None:
        engine.dialect.identifier_preparer.schema_for_object = schema_for_object  # type: ignore[assignment]

    place()
    event.listen(engine, "connect", place)  # the first one may replace the preparer: MariaDB's quotes are known by then


def require_schema(session: Session) -> str | None:
    """Return whose database it is, or None before the first job, with one statement.

    Raises SchemaOutdated where a table or column is missing.
    """
    try:
        found: str | None = session.execute(_probe(session)).scalar_one()
        return found
    except DBAPIError as error:
        session.rollback()
        missing = missing_from_schema(session)
        if not missing:
            raise
        raise SchemaOutdated(
            f"the database lacks {', '.join(missing[:5])}{' and more' * (len(missing) > 5)}:"
            f" run `{typed('db', 'upgrade')}`"
            f" (after `{typed('db', 'migrate')}` where this version of the package is new to the app)"
        ) from error


def _probe(session: Session) -> TextClause:
    """Select the deployment's name, naming every column of every table on the way.

    Written by hand, as SQLAlchemy takes ten times as long to compile so many columns, which each run would wait for.
    """
    quoted = session.connection().dialect.identifier_preparer
    name = f"SELECT name FROM {quoted.format_table(Deployment.__table__)} WHERE id = {DEPLOYMENT_ID}"  # noqa: S608  # our own names
    return text(f"SELECT ({name}), {', '.join(_look_at(table, quoted) for table in Base.metadata.sorted_tables)}")


def _look_at(table: Table, quoted: IdentifierPreparer) -> str:
    columns = ", ".join(quoted.format_column(column) for column in table.columns)
    return f"EXISTS (SELECT {columns} FROM {quoted.format_table(table)} WHERE 1 = 0)"  # noqa: S608  # our own names


def missing_from_schema(session: Session) -> list[str]:
    """Return the tables and columns that the package needs and the database does not have."""
    inspector, schema = inspect(session.connection()), _schema(session)
    present = set(inspector.get_table_names(schema))
    missing: list[str] = []
    for table in Base.metadata.sorted_tables:
        if table.name not in present:
            missing.append(table.name)
            continue
        there = {column["name"] for column in inspector.get_columns(table.name, schema)}
        missing += [f"{table.name}.{column.name}" for column in table.columns if column.name not in there]
    return missing


def missing_indexes(session: Session) -> list[str]:
    """Return the indexes that the package counts on and that tables that are there do not have."""
    inspector, schema = inspect(session.connection()), _schema(session)
    missing: list[str] = []
    for table in Base.metadata.sorted_tables:
        if inspector.has_table(table.name, schema):
            present = {index["name"] for index in inspector.get_indexes(table.name, schema)}
            missing += sorted(str(index.name) for index in table.indexes if index.name not in present)
    return missing


def _schema(session: Session) -> str | None:
    preparer = session.connection().dialect.identifier_preparer
    return preparer.schema_for_object(Deployment.__table__)
