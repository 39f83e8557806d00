"""Times taken side by side, and what they say about a goal."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

Way = Callable[
    [Any], "float | None"
]  # takes what `fresh` gives; returns its own measure, or None for the seconds taken


@dataclass(frozen=True)
class Verdict:
    """One goal at one size: a measured ratio, and the bound it must keep."""

    goal: str
    what: str
    ratio: float
    bound: float
    at_least: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool:
        return self.ratio >= self.bound if self.at_least else self.ratio <= self.bound

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        met = "met   " if self.is_met else "MISSED"
        return (
            f"{self.goal:<4} {met} {self.ratio:>9.2f}  (goal {sign} {self.bound:g})  {self.what}  {self.note}".rstrip()
        )


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
