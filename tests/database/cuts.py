"""A database whose connection is cut at one moment of a run, or that is away from then on."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import attrgetter
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, event

DESCRIPTORS = {"postgresql": "fileno", "mysql": "_sock.fileno"}


@dataclass
class Cut:
    """Counts what is asked of a database, statements and commits, and cuts the connection at the one numbered `at`.

    `after` lets it be done, and only its answer is lost; `for_good` cuts whatever is asked after it as well.
    """

    engine: Engine
    at: int = -1
    after: bool = False
    for_good: bool = False
    count: int = 0
    _marked: set[int] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def before_statement(self, connection: Connection, cursor: Any, *_: Any) -> None:
        if self._is_now():
            if self.after:
                self._marked.add(id(cursor))
            else:
                self._cut(connection)

    def after_statement(self, connection: Connection, cursor: Any, *_: Any) -> None:
        if id(cursor) in self._marked:
            self._marked.clear()
            cursor.close()  # SQLite keeps its lock as long as a statement is open
            self._cut(connection)
            raise self._lost()

    def commit(self, connection: Connection) -> None:
        if self._is_now():
            if self.after:
                connection.connection.driver_connection.commit()  # type: ignore[union-attr]
            self._cut(connection)

    def _is_now(self) -> bool:
        with self._lock:
            self.count += 1
            moment = self.count - 1
        return moment == self.at or (self.for_good and 0 <= self.at < moment)

    def _cut(self, connection: Connection) -> None:
        driver_connection = connection.connection.driver_connection
        if self.engine.dialect.name == "sqlite":
            driver_connection.close()  # type: ignore[union-attr]
            return
        descriptor = attrgetter(DESCRIPTORS[self.engine.dialect.name])(driver_connection)()
        with socket.socket(fileno=os.dup(descriptor)) as same:
            same.shutdown(socket.SHUT_RDWR)

    def _lost(self) -> Exception:
        driver: Any = self.engine.dialect.loaded_dbapi
        if self.engine.dialect.name == "sqlite":
            return driver.ProgrammingError("Cannot operate on a closed database.")
        return driver.OperationalError(2013, "Lost connection to server during query")


@contextmanager
def cutting(engine: Engine, at: int = -1, *, after: bool = False, for_good: bool = False) -> Iterator[Cut]:
    """Cut once, at the moment numbered `at`; -1 only counts the moments."""
    cut = Cut(engine, at, after, for_good)
    listeners = {
        "before_cursor_execute": cut.before_statement,
        "after_cursor_execute": cut.after_statement,
        "commit": cut.commit,
    }
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    try:
        yield cut
    finally:
        engine.dispose()  # a connection that nobody has found to be cut may have gone back to the pool
        for name, listener in listeners.items():
            event.remove(engine, name, listener)
