"""Sessions of our own, beside the host's: how jobs and deliveries read and write."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import cached_property, partial
from typing import TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from ..errors import DatabaseUnreachable, DeadlineExceeded, NotReady
from ..models.locking import take_write_lock
from ..outside.call import within
from .borrow import borrowed
from .faults import as_sqlalchemy, is_contention, shown, unanswered, unreachable
from .watchdog import GUARD, Guard, guard_statements

Result = TypeVar("Result")

FIRST_PAUSE = 0.02  # seconds before work that met another worker begins anew; twice as long each time
LONGEST_PAUSE = 1.0


class Database:
    """The engine that holds our tables. Every call to it ends within `timeout` seconds, one way or the other.

    Raises DatabaseUnreachable where it could not be connected to or did not answer in time.
    """

    def __init__(self, engine: Callable[[], Engine], timeout: float) -> None:
        self._find_engine, self._timeout = engine, timeout

    @cached_property
    def engine(self) -> Engine:
        """The host's engine."""
        return self._find_engine()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A short session of our own for reading; what it loaded stays usable afterwards."""
        # BEGIN and ROLLBACK are round trips of their own there; elsewhere it costs more to do without them.
        with self._session(autocommit=self.engine.dialect.name == "postgresql") as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction of our own, committed at the end; on SQLite it holds the write lock from its start."""
        with self._session() as session, session.begin():
            take_write_lock(session)
            yield session

    @contextmanager
    def rehearsing(self) -> Iterator[Session]:
        """Like `writing`, but rolled back at the end: what it did is seen and not kept."""
        with self._session() as session:
            take_write_lock(session)
            yield session
            session.rollback()

    def in_transaction(self, work: Callable[[Session], Result], *, rehearses: bool = False) -> Result:
        """Run `work` in a transaction of our own, again from its start while other workers are in the way.

        One that `rehearses` is rolled back at the end.
        """
        transaction = self.rehearsing if rehearses else self.writing
        ends, pause = time.monotonic() + self._timeout, FIRST_PAUSE
        while True:
            try:
                with transaction() as session:
                    return work(session)
            except DBAPIError as error:
                if not is_contention(error) or time.monotonic() + pause > ends:
                    raise
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  # so that two workers do not meet again
            pause = min(2 * pause, LONGEST_PAUSE)

    @contextmanager
    def autocommitting(self) -> Iterator[Connection]:
        """A connection whose every statement is committed in its own single round trip."""
        with self._connection(autocommit=True) as connection:
            yield connection

    def require(self) -> None:
        """Raise DatabaseUnreachable where the database does not answer."""
        try:
            with self._connection() as connection:
                connection.execute(text("SELECT 1"))
        except DBAPIError as error:
            raise unreachable(self.engine, error) from error

    def require_other_reason(self, error: Exception) -> None:
        """Raise the error where it is no row's fault: the database is away, or others were in the way for too long."""
        if isinstance(error, NotReady) or (isinstance(error, DBAPIError) and is_contention(error)):
            raise error
        self.require()

    @cached_property
    def _guarded_engine(self) -> Engine:
        engine = self.engine.execution_options()
        guard_statements(engine)
        return engine

    @contextmanager
    def _session(self, *, autocommit: bool = False) -> Iterator[Session]:
        with (
            self._connection(autocommit=autocommit) as connection,
            Session(connection, expire_on_commit=False, autoflush=False) as session,
        ):
            yield session

    @contextmanager
    def _connection(self, *, autocommit: bool = False) -> Iterator[Connection]:
        connection = self._connect()
        guard = Guard(connection.connection.driver_connection, self._timeout)
        connection.execution_options(**{GUARD: guard})
        try:
            with borrowed(connection, guard, autocommit=autocommit):
                yield connection
        except Exception as error:
            fault = as_sqlalchemy(error, self.engine)
            if isinstance(fault, DBAPIError):
                fault.hide_parameters = True
            if guard.has_cut and not (isinstance(fault, DBAPIError) and is_contention(fault)):
                raise unanswered(self.engine, self._timeout) from error
            raise fault from fault.__cause__

    def _connect(self) -> Connection:
        engine = self._guarded_engine
        try:
            if engine.dialect.name == "sqlite":  # opens a file; a database in memory belongs to its thread
                return engine.connect()
            return within(self._timeout, partial(copy_context().run, engine.connect))
        except DeadlineExceeded:
            raise unanswered(self.engine, self._timeout) from None
        except PoolTimeout:
            raise DatabaseUnreachable(
                f"all connections that the pool for {shown(engine.url)} gives are in use:"
                " raise pool_size in SQLALCHEMY_ENGINE_OPTIONS, or lower SUBS_MAIL_CONNECTIONS"
            ) from None
