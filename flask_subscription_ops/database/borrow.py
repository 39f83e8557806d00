"""A connection of the host's pool, ours for a while: set up as we need it, and given back as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection

from ..models.functions import SHA256, sha256_of
from ..models.types import MYSQL
from .dialects import AUTOCOMMIT, isolation
from .watchdog import Guard

KEPT = ("prepare_threshold", "autocommit", "isolation_level")  # of psycopg and sqlite3; setting them asks no server

Undo = Callable[[], object]


@contextmanager
def borrowed(connection: Connection, guard: Guard, *, autocommit: bool) -> Iterator[None]:
    """Set a connection up for one transaction, or for statements that commit by themselves, and close it at the end.

    What fails while it is given back concerns nobody: the connection is thrown away.
    """
    undo: list[Undo] = []
    try:
        with guard:
            _set_up(connection, guard.seconds, undo, autocommit=autocommit)
    except Exception as error:
        connection.invalidate(error)
        connection.close()
        raise
    try:
        yield
    finally:
        with guard:
            _give_back(connection, undo, is_broken=guard.has_cut)


def _give_back(connection: Connection, undo: Sequence[Undo], *, is_broken: bool) -> None:
    try:
        connection.rollback()
        for step in reversed(undo):
            step()
    except Exception:
        is_broken = True
    if is_broken:
        connection.invalidate()
    connection.close()


def _set_up(connection: Connection, timeout: float, undo: list[Undo], *, autocommit: bool) -> None:
    driver: Any = connection.connection.driver_connection
    dialect, level = connection.dialect, isolation(connection.dialect.name)
    if dialect.name == "sqlite":
        undo.append(_wait_for_locks(driver, timeout))
        driver.create_function(SHA256, 1, sha256_of, deterministic=True)
    if dialect.name == "sqlite" or dialect.driver == "psycopg":
        undo += [partial(setattr, driver, name, getattr(driver, name)) for name in KEPT if hasattr(driver, name)]
    if dialect.driver == "psycopg":
        # A pooler that works by transactions hands on a server that does not know what was prepared on another one.
        driver.prepare_threshold = None
    if autocommit:
        undo.append(partial(dialect.reset_isolation_level, driver))
        dialect.set_isolation_level(driver, AUTOCOMMIT)
        if dialect.name == "sqlite":
            connection.begin()
            driver.commit()  # the transaction that a host's listener to "begin" may have opened
    elif dialect.name in MYSQL:
        with driver.cursor() as cursor:
            cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")  # for the next one alone
    elif level is not None and level != _hosts_level(connection):
        undo.append(partial(dialect.reset_isolation_level, driver))
        dialect.set_isolation_level(driver, level)


def _hosts_level(connection: Connection) -> str | None:
    level: str | None = connection.get_execution_options().get("isolation_level", connection.default_isolation_level)
    return level


def _wait_for_locks(driver: Any, timeout: float) -> Undo:
    (milliseconds,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute(f"PRAGMA busy_timeout = {int(timeout * 1000)}")
    return partial(driver.execute, f"PRAGMA busy_timeout = {milliseconds}")
