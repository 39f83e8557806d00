"""Rows that a database keeps and its driver cannot read: instants beyond any calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import text

from .hosts import Host

# The earliest and the latest there is, where the database has both.
INSTANTS: Mapping[str, Sequence[str]] = {
    "sqlite": ("0000-00-00 00:00:00.000000", "infinity"),
    "postgresql": ("-infinity", "infinity"),
    "mysql": ("0000-00-00 00:00:00",) * 2,
}
FIRST, LAST = range(2)


def spoil(host: Host, table: str, column: str, account_id: str, which: int) -> None:
    """Put such an instant into the rows of an account, past everything that would refuse it."""
    spoil_where(host, table, column, f"account_id = '{account_id}'", which)


def spoil_where(host: Host, table: str, column: str, condition: str, which: int) -> None:
    """Put such an instant into the rows that a condition in SQL names."""
    dialect = host.db.engine.dialect.name.replace("mariadb", "mysql")
    lenient = "SET STATEMENT sql_mode = '' FOR " if dialect == "mysql" else ""
    statement = text(f"{lenient}UPDATE {table} SET {column} = :instant WHERE {condition}")
    with host.db.engine.begin() as connection:
        connection.execute(statement, {"instant": INSTANTS[dialect][which]})
