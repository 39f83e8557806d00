"""Another worker that is in the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError


class Locked(Exception):
    """What a driver raises where another worker is in the way."""

    sqlstate = "40001"


@contextmanager
def in_the_way(engine: Engine, *, times: int) -> Iterator[list[str]]:
    """Let so many transactions that change subscriptions meet another worker; gives the statements that did."""
    met: list[str] = []

    def meet(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO subs_audit") and len(met) < times:
            met.append(statement)
            raise OperationalError(statement, {}, Locked())

    event.listen(engine, "before_cursor_execute", meet)
    yield met
    event.remove(engine, "before_cursor_execute", meet)
