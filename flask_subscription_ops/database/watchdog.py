"""Deadlines for what a driver waits for: one thread looks on, and ends what takes too long.

No driver limits everything it does: a server, or what stands between, that stays silent holds a statement, a COMMIT
or a ROLLBACK for ever. To shut the socket down ends each of them at once, with the driver's own error.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from math import inf
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Engine, event

from .faults import lost

GUARD = "subscription_ops_guard"  # the execution option under which a connection keeps its guard

# psycopg, psycopg2 and mysqlclient; PyMySQL; mysql-connector; pg8000
DESCRIPTORS = ("fileno", "_sock.fileno", "_socket.sock.fileno", "_usock.fileno")


class Guard:
    """The deadline of one connection: armed while it waits for the database."""

    def __init__(self, driver_connection: Any, seconds: float) -> None:
        self._driver_connection, self.seconds = driver_connection, seconds
        self.has_cut = False

    def __enter__(self) -> None:
        """Begin to wait, for at most so many seconds."""
        _watchdog.watch(self, time.monotonic() + self.seconds)

    def __exit__(self, *_: object) -> None:
        """The wait is over."""
        _watchdog.leave(self)

    def cut(self) -> None:
        """End the wait."""
        self.has_cut = True
        _end_wait(self._driver_connection)


def guard_statements(engine: Engine) -> None:
    """Arm the guards of an engine's connections at whatever makes them wait.

    After a COMMIT or ROLLBACK nothing tells that it is done: its guard stays armed until the next statement, or until
    the connection is given back.
    """
    event.listen(engine, "begin", _refuse_to_reconnect)
    for name in ("before_cursor_execute", "commit", "rollback"):
        event.listen(engine, name, _arm)
    event.listen(engine, "after_cursor_execute", _disarm)
    event.listen(engine, "handle_error", lambda context: _disarm(context.connection))


def _refuse_to_reconnect(connection: Connection) -> None:
    # SQLAlchemy would connect anew on the spot, under no guard.
    if connection.invalidated:
        raise lost(connection.engine)


def _arm(connection: Connection, *_: Any) -> None:
    guard = connection.get_execution_options().get(GUARD)
    if guard is not None:
        guard.__enter__()


def _disarm(connection: Connection | None, *_: Any) -> None:
    guard = connection.get_execution_options().get(GUARD) if connection is not None else None
    if guard is not None:
        guard.__exit__()


class _Watchdog:
    """One thread for all guards; arming one is an entry in a dict, and wakes the thread only for an earlier end."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything: a process that was forked has no thread and no connection of its own yet."""
        self._changed = threading.Condition()
        self._ends: dict[Guard, float] = {}
        self._wakes_at = inf
        self._thread: threading.Thread | None = None

    def watch(self, guard: Guard, ends: float) -> None:
        with self._changed:
            self._ends[guard] = ends
            if self._thread is None:
                self._thread = threading.Thread(target=self._look_on, name="subscription-ops-watchdog", daemon=True)
                self._thread.start()
            elif ends < self._wakes_at:
                self._changed.notify()

    def leave(self, guard: Guard) -> None:
        with self._changed:
            self._ends.pop(guard, None)

    def _look_on(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for guard in [guard for guard, ends in self._ends.items() if ends <= now]:
                    del self._ends[guard]
                    guard.cut()
                self._wakes_at = min(self._ends.values(), default=inf)
                self._changed.wait(min(self._wakes_at - now, threading.TIMEOUT_MAX))


def _end_wait(driver_connection: Any) -> None:
    if hasattr(driver_connection, "interrupt"):  # SQLite
        driver_connection.interrupt()
        return
    for path in DESCRIPTORS:
        with suppress(Exception):  # another driver, or a connection that has just been closed
            _shut_down(attrgetter(path)(driver_connection)())
            return


def _shut_down(descriptor: int) -> None:
    with socket.socket(fileno=os.dup(descriptor)) as same:
        same.shutdown(socket.SHUT_RDWR)


_watchdog = _Watchdog()
os.register_at_fork(after_in_child=_watchdog.reset)
