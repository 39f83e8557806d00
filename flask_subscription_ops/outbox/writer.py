"""Write outcomes in one round trip each, over a new connection where one was lost."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from sqlalchemy import Connection, Update
from sqlalchemy.exc import DBAPIError

from ..database.faults import is_contention, unreachable
from ..errors import NotReady
from ..runtime import Runtime
from .lease import Lease

PAUSES = (0.0, 0.1, 0.3, 1.0)  # seconds before the next connection, while the lease holds


class Writer:
    """Executes statements that are committed as they are sent.

    With `keeps` it holds its connection until `close`: nothing but the statement itself then stands between an
    acceptance and its record. Without, it borrows one for each statement.
    """

    def __init__(self, runtime: Runtime, lease: Lease, *, keeps: bool = False) -> None:
        self._runtime, self._lease, self._keeps = runtime, lease, keeps
        self._borrowed = ExitStack()
        self._connection: Connection | None = None

    def write(self, statement: Update, values: Mapping[str, Any]) -> tuple[int, bool]:
        """Execute a statement with these values for its parameters.

        Return how many rows were written, and whether the statement had to be sent again.

        One that was sent again may have been written the first time: its count then says nothing. Raises NotReady
        where the database stays away, and whatever else the statement itself fails with.
        """
        for attempt, pause in enumerate((*PAUSES, None)):
            try:
                return self._execute(statement, values), attempt > 0
            except Exception as error:
                self.close()
                if not self._was_lost(error):
                    raise
                if pause is None or not self._lease.covers(pause):
                    raise self._away(error) from error
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Give the connection back."""
        self._borrowed.close()
        self._connection = None

    def _execute(self, statement: Update, values: Mapping[str, Any]) -> int:
        if self._connection is None:
            self._connection = self._borrowed.enter_context(self._runtime.autocommitting())
        written = self._connection.execute(statement, values).rowcount
        if not self._keeps:
            self.close()
        return written

    def _was_lost(self, error: Exception) -> bool:
        """Tell whether the connection is at fault, or another worker, and not the statement."""
        if isinstance(error, DBAPIError):
            return error.connection_invalidated or error.statement is None or is_contention(error)
        driver = self._runtime.engine.dialect.loaded_dbapi
        return isinstance(error, (NotReady, driver.Error))

    def _away(self, error: Exception) -> NotReady:
        if isinstance(error, NotReady):
            return error
        return unreachable(
            self._runtime.engine, error if isinstance(error, DBAPIError) else DBAPIError(None, None, error)
        )
