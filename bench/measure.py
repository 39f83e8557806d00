"""Times taken side by side, costs counted, and what they say about a goal."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

# Takes what `fresh` gives; returns its own measure, or None for the seconds taken.
Way = Callable[[Any], "float | None"]


@dataclass(frozen=True)
class Verdict:
    """One goal at one size: what was measured now, and the bound it must keep."""

    goal: str
    what: str
    now: float
    bound: float
    at_least: bool = False
    limit: float | None = None  # seconds of the best that the database can do, where that is the measure
    note: str = ""

    @property
    def is_met(self) -> bool:
        return self.now >= self.bound if self.at_least else self.now <= self.bound

    def __str__(self) -> str:
        return "  ".join([*self.cells(), self.note]).rstrip()

    def cells(self) -> list[str]:
        """Return the cells of its row in the closing table."""
        goal = f"{'>=' if self.at_least else '<='} {self.bound:g}"
        limit = "" if self.limit is None else f"{self.limit:.3g} s"
        return [self.goal, goal, f"{self.now:.2f}", limit, "met" if self.is_met else "MISSED", self.what]

    def to_dict(self) -> dict[str, Any]:
        """Return what `--json` prints of it."""
        return {**vars(self), "is_met": self.is_met}


HEADER = ["P", "goal", "now", "limit", "", "what"]


def table(verdicts: Sequence[Verdict]) -> str:
    """Return all of them in columns, numbers to the right."""
    rows = [HEADER, *(verdict.cells() for verdict in verdicts)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place in (2, 3) else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


@dataclass
class Cost:
    """What was asked of a database: each statement's seconds, and how many commits there were."""

    seconds: list[float] = field(default_factory=list)
    commits: int = 0

    @property
    def statements(self) -> int:
        return len(self.seconds)


@contextmanager
def counting(engine: Engine) -> Iterator[Cost]:
    """Count what an engine is asked for."""
    cost, began = Cost(), [0.0]

    def before(*_: Any) -> None:
        began[0] = time.perf_counter()

    def after(*_: Any) -> None:
        cost.seconds.append(time.perf_counter() - began[0])

    def commit(_: Any) -> None:
        cost.commits += 1

    listeners = {"before_cursor_execute": before, "after_cursor_execute": after, "commit": commit}
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    try:
        yield cost
    finally:
        for name, listener in listeners.items():
            event.remove(engine, name, listener)


def interleaved(
    ways: Mapping[str, Way], fresh: Callable[[], AbstractContextManager[Any]], repeats: int
) -> dict[str, float]:
    """Return the median of each way, every repeat of each on something fresh and in turn with the others."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            with fresh() as ground:
                times[name].append(timed(lambda way=way, ground=ground: way(ground)))  # type: ignore[misc]
    return {name: statistics.median(taken) for name, taken in times.items()}


def timed(work: Callable[[], float | None]) -> float:
    """Return the seconds that `work` took, or the seconds it says itself."""
    began = time.perf_counter()
    said = work()
    return time.perf_counter() - began if said is None else said


def seconds(taken: Mapping[str, float]) -> str:
    """Write medians in one line."""
    return ", ".join(f"{name} {value:.3g} s" for name, value in taken.items())
