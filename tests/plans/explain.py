"""The plan of every statement at the moment it is sent, as its database explains it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN", "mysql": "EXPLAIN"}
# Not the one that looks for our tables, which reads no row of them.
# Not the one that looks for our tables, which reads no row of them.
EXPLAINABLE = re.compile(
    r"(SELECT (?!\(SELECT name FROM)|UPDATE|INSERT .*SELECT).*\bsubs_(subscriptions|outbox)\b", re.DOTALL
)


@dataclass
class Plans:
    """What was sent, each with the lines of its plan."""

    dialect: str
    found: list[tuple[str, list[str]]] = field(default_factory=list)

    @property
    def scans(self) -> list[tuple[str, str]]:
        """Every plan line that reads a whole table or a whole index, with its statement."""
        return [(sql, line) for sql, lines in self.found for line in lines if _is_scan(self.dialect, line)]


@contextmanager
def explaining(engine: Engine) -> Iterator[Plans]:
    """Explain each statement that reads our tables before it runs, with its own parameters."""
    plans = Plans(engine.dialect.name)

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if EXPLAINABLE.match(statement) and not many:
            own = connection.connection.cursor()
            own.execute(f"{EXPLAIN[plans.dialect]} {statement}", parameters)
            plans.found.append((statement, [_line(plans.dialect, row) for row in own.fetchall()]))
            own.close()

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(engine, "before_cursor_execute", explain)


def _line(dialect: str, row: Any) -> str:
    if dialect == "mysql":
        return f"{row[2]}: type {row[3]}, key {row[5]}, rows {row[8]}, {row[9]}"
    return str(row[-1])


def _is_scan(dialect: str, line: str) -> bool:
    if dialect == "mysql":
        return "subs_" in line and re.search(r"type (ALL|index),", line) is not None
    if dialect == "sqlite":
        return line.startswith("SCAN subs_")
    return "Seq Scan on subs_" in line
