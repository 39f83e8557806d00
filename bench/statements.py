"""P3, P4 and P13: what the database is asked for, and what that costs where it holds much."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from sqlalchemy import create_engine, text

from flask_subscription_ops import SubscriptionOps
from flask_subscription_ops.jobs.table import JOBS
from flask_subscription_ops.outbox.claim import due
from flask_subscription_ops.outbox.effects import EMAIL
from tests.hosts import NOON

from .databases import Databases, Shape
from .host import running
from .jobs import check, trial_check
from .measure import Cost, Verdict, counting, interleaved, seconds

CHUNK = 1000  # SUBS_BATCH_SIZE
CLAIM = 100
PASSES = 21


def growth(databases: Databases, sizes: Sequence[int], repeats: int) -> Iterator[Verdict]:
    """P3: the same thousand due rows, all different, among few and among many."""
    small, large = min(sizes), max(sizes)
    one, two = (_counted(databases, Shape(small, ended=chunks * CHUNK * 1000 // small)) for chunks in (1, 2))
    yield Verdict("P3", f"statements a chunk of {CHUNK:,}", two.statements - one.statements, 6)
    yield Verdict("P3", f"commits a chunk of {CHUNK:,}", two.commits - one.commits, 1)
    if small == large:
        return
    shapes = {f"among {size:,}": Shape(size, ended=CHUNK * 1000 // size) for size in (large, small)}
    more = abs(_counted(databases, shapes[f"among {large:,}"]).statements - one.statements)
    yield Verdict("P3", f"more statements among {large:,} than among {small:,}", more, 0)
    taken = {
        name: interleaved({"ours": trial_check}, databases.fresh("postgresql", shape), repeats)["ours"]
        for name, shape in shapes.items()
    }
    among_many, among_few = taken.values()
    what = f"{CHUNK:,} due among {large:,} / among {small:,}"
    yield Verdict("P3", what, among_many / among_few, 1.5, note=seconds(taken))


def idle(databases: Databases, size: int, repeats: int) -> Iterator[Verdict]:
    """P4: a pass of every job with nothing due, and its limit, as many `SELECT 1`; no time is that of a COMMIT."""
    passes: list[Cost] = []
    trivial: list[Cost] = []
    fresh = databases.fresh("postgresql", Shape(size))
    with fresh() as url, running(url, SUBS_BRAKE_MIN=20) as subs:
        _pass(subs)
        for _ in range(max(PASSES, repeats)):
            with counting(subs.runtime.engine) as cost:
                _pass(subs)
            passes.append(cost)
            with counting(subs.runtime.engine) as cost:
                _ask_nothing(subs, passes[0].statements)
            trivial.append(cost)
    ours, limit = (statistics.median(sum(cost.seconds) for cost in each) for each in (passes, trivial))
    yield Verdict("P4", f"ms of an idle pass of all jobs among {size:,}", 1000 * ours, 3, limit=limit)
    yield Verdict("P4", f"statements of an idle pass among {size:,}", passes[0].statements, 10)


def claim(databases: Databases, size: int, repeats: int) -> Iterator[Verdict]:
    """P13: find a hundred of those that wait beside very many done ones, as no statistics know yet."""
    wanted = due(EMAIL, NOON).limit(CLAIM)
    taken = []
    with databases.fresh("postgresql", Shape(size, effects=5))() as url:
        waiting = _let_wait(url, every=50)
        with running(url) as subs:
            for _ in range(max(PASSES, repeats)):
                with counting(subs.runtime.engine) as cost, subs.runtime.database.rehearsing() as session:
                    session.execute(wanted).all()
                taken += cost.seconds
    what = f"ms to find {CLAIM} of {waiting:,} emails beside {5 * size:,} done ones"
    yield Verdict("P13", what, 1000 * statistics.median(taken), 1)


def _counted(databases: Databases, shape: Shape) -> Cost:
    with databases.fresh("postgresql", shape)() as url, running(url) as subs, counting(subs.runtime.engine) as cost:
        check(subs)
    return cost


def _pass(subs: SubscriptionOps) -> None:
    for job in JOBS:
        subs.run_job(job, as_of=NOON)


def _ask_nothing(subs: SubscriptionOps, times: int) -> None:
    for _ in range(times):
        with subs.runtime.reading() as session:
            session.execute(text("SELECT 1"))


def _let_wait(url: str, *, every: int) -> int:
    engine = create_engine(url)
    with engine.begin() as connection:
        statement = "UPDATE subs_outbox SET state = 'pending', lane = NULL, channel = 'email' WHERE id % :every = 0"
        waiting = connection.execute(text(statement), {"every": every}).rowcount
    engine.dispose()
    return waiting
