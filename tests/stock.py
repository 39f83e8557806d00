"""Databases that have our tables already, lent to one test after another: making them takes longer than most tests.

One that comes back is emptied, or dropped where the test left something else than rows behind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from flask_subscription_ops.models import Base

from .hosts import create_tables
from .servers import database

TABLES = [table.name for table in Base.metadata.sorted_tables]
PATIENCE = 5  # seconds for a row that a session which was ended has locked
DEFINED_IN_PG = ("pg_class", "pg_constraint", "pg_trigger", "pg_proc", "pg_namespace", "pg_attrdef", "pg_type")
NEXT_ID = re.compile(r" AUTO_INCREMENT=\d+")


class Stock:
    """At most one waiting database of each kind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[str, _Ready] = {}
        self._file = b""

    @contextmanager
    def lend(self, kind: str, folder: Path) -> Iterator[str]:
        """Give the URL of a database with empty tables."""
        if kind == "sqlite":
            yield self._copy_of_a_file(folder)
            return
        ready = self._waiting.pop(kind, None) or _Ready(kind, self._folder)
        try:
            yield ready.url
        finally:
            if ready.is_as_new():
                self._waiting[kind] = ready
            else:
                ready.drop()

    def close(self) -> None:
        """Drop what is waiting."""
        while self._waiting:
            self._waiting.popitem()[1].drop()

    def _copy_of_a_file(self, folder: Path) -> str:
        if not self._file:
            with database("sqlite", self._folder) as url:
                create_tables(url)
            self._file = (self._folder / "test.db").read_bytes()
        with database("sqlite", folder) as url:
            (folder / "test.db").write_bytes(self._file)
        return url


class _Ready:
    """A database on a server, and what it looked like before any test."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._opened = ExitStack()
        self.url = self._opened.enter_context(database(kind, folder))
        self.drop: Callable[[], None] = self._opened.close
        self._engine = create_engine(self.url, poolclass=NullPool)
        self._empty, self._look = (_empty_mysql, _look_mysql) if kind != "postgresql" else (_empty_pg, _look_pg)
        create_tables(self.url)
        with self._engine.begin() as connection:
            self._looked = self._look(connection)

    def is_as_new(self) -> bool:
        """End what still works in it and empty it; tell whether it then is what it was."""
        try:
            with self._engine.begin() as connection:
                self._empty(connection)
                return self._look(connection) == self._looked
        except DBAPIError:  # a table is gone, or somebody holds a row
            return False


def _empty_pg(connection: Connection) -> None:
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    connection.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))
    connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}s'"))
    for table in reversed(TABLES):
        connection.execute(text(f"DELETE FROM {table}"))
    sequences = connection.scalars(text("SELECT c.oid FROM pg_class c WHERE relkind = 'S'")).all()
    for sequence in sequences:
        connection.execute(text(f"SELECT setval({sequence}, 1, false)"))


def _look_pg(connection: Connection) -> object:
    """Return the versions of all that is defined but by the server itself: whatever is changed has another."""
    parts = [f"SELECT '{name}', oid::text, xmin::text FROM {name} WHERE oid >= 16384" for name in DEFINED_IN_PG]
    parts.append("SELECT 'pg_attribute', attrelid || attname, xmin::text FROM pg_attribute WHERE attrelid >= 16384")
    return {tuple(row) for row in connection.execute(text(" UNION ALL ".join(parts)))}


def _empty_mysql(connection: Connection) -> None:
    others = "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
    for process in connection.scalars(text(others)).all():
        connection.execute(text(f"KILL {process}"))
    connection.execute(text(f"SET innodb_lock_wait_timeout = {PATIENCE}"))
    for table in reversed(TABLES):
        connection.execute(text(f"DELETE FROM {table}"))
    for table in TABLES:
        if NEXT_ID.search(_definition(connection, table)):
            connection.execute(text(f"ALTER TABLE {table} AUTO_INCREMENT = 1"))


def _look_mysql(connection: Connection) -> object:
    tables = connection.scalars(text("SHOW TABLES")).all()
    definitions = [NEXT_ID.sub("", _definition(connection, table)) for table in tables]
    triggers = [tuple(row) for row in connection.execute(text("SHOW TRIGGERS"))]
    [[_, of_all]] = connection.execute(text(f"SHOW CREATE DATABASE {connection.engine.url.database}"))
    return definitions, triggers, of_all


def _definition(connection: Connection, table: str) -> str:
    return str(connection.execute(text(f"SHOW CREATE TABLE `{table}`")).one()[1])
