"""What is done many times a day, beside many years of effects and audit entries and beside few."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from statistics import median

from flask_subscription_ops.jobs.table import JOBS
from flask_subscription_ops.outbox.claim import due
from flask_subscription_ops.outbox.effects import EMAIL
from tests.hosts import NOON

from .databases import Databases, Shape
from .host import running
from .measure import Verdict

SIZE = 100_000
YEARS = 50  # times as many effects and entries as customers
CHUNK = 1000
CLAIM = 100
AT_REST = NOON - timedelta(days=60)  # nothing is due then


def growth(databases: Databases, size: int, repeats: int) -> Iterator[Verdict]:
    """An idle pass, a chunk and a claim, at 5M effects and audit entries / at 100k."""
    ways: dict[str, Callable[[str], float]] = {"idle pass": _idle, f"chunk of {CHUNK:,}": _chunk, "claim": _claim}
    few, many = (
        databases.fresh("postgresql", Shape(SIZE, ended=100, effects=times, entries=times)) for times in (1, YEARS)
    )
    with few() as among_few, many() as among_many:
        for name, way in ways.items():
            taken = [(way(among_few), way(among_many)) for _ in range(repeats)]
            least, most = (1000 * median(each) for each in zip(*taken, strict=True))
            what = f"{name} beside {YEARS * SIZE:,} effects and audit entries / beside {SIZE:,}"
            yield Verdict("scale", what, most / least, 1.5, note=f"{most:.3g} ms, {least:.3g} ms")


def _idle(url: str) -> float:
    with running(url) as subs:
        return median(_seconds(lambda: [subs.run_job(job, as_of=AT_REST) for job in JOBS]) for _ in range(5))


def _chunk(url: str) -> float:
    """End a thousand trials, after one in which everything is opened."""
    with running(url) as subs:
        subs.run_job("trial-check", as_of=NOON, limit=1, deliver=False)
        return _seconds(lambda: subs.run_job("trial-check", as_of=NOON, limit=CHUNK, deliver=False))


def _claim(url: str) -> float:
    wanted = due(EMAIL, NOON).limit(CLAIM)
    with running(url) as subs, subs.runtime.database.rehearsing() as session:
        return median(_seconds(lambda: session.execute(wanted).all()) for _ in range(11))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
