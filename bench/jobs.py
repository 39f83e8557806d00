"""P1, P6, P11, P12: the jobs against what the database can do at best, and against a cron script's way."""

from __future__ import annotations

import hashlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from flask_subscription_ops import SubscriptionOps
from tests.hosts import NOON

from . import cron_script, limit
from .databases import Databases, Shape
from .host import running
from .measure import Verdict, interleaved, seconds, timed

ROOT = Path(__file__).parents[1]
SAMPLE = 200  # subscriptions after which cron script is cut off; its time for all is in proportion
END_STATE = (
    "SELECT id, status, live, ended_at, reminder_due_at, version, audit_hash FROM subs_subscriptions ORDER BY id",
    "SELECT subscription_id, version, from_status, to_status, cause, details, hash FROM subs_audit ORDER BY 1, 2",
    "SELECT effect_key, channel, kind, subject, account_id, product, details, lane, state, due_at FROM subs_outbox"
    " ORDER BY 1",
)


def expire(databases: Databases, size: int, repeats: int) -> Iterator[Verdict]:
    """P1: end a tenth of all subscriptions on PostgreSQL."""
    shape = Shape(size, ended=100, with_cron_script=True)
    ways: dict[str, Callable[[str], float | None]] = {
        "ours": trial_check,
        "limit": lambda url: limit.end_trials(url, NOON, limit.ALL),
        "limit/10k": lambda url: limit.end_trials(url, NOON, limit.CHUNK),
        "cron script": lambda url: _in_cron_script(url, cron_script.suspend_expired_trials),
    }
    fresh = databases.fresh("postgresql", shape)
    note = f"[{_same(fresh, ways['ours'], ways['limit'])}]" if size <= 10_000 else ""
    taken = interleaved(ways, fresh, repeats)
    best = min(taken["limit"], taken["limit/10k"])
    what = f"expire {shape.due:,} of {size:,} / limit"
    yield Verdict("P1", what, taken["ours"] / best, 1.4, limit=best, note=f"{seconds(taken)} {note}")
    with fresh() as url, running(url) as subs:
        began = time.process_time()
        check(subs)
        microseconds = (time.process_time() - began) * 1e6 / shape.due
    yield Verdict("P1", f"us of our CPU a row, {shape.due:,} of {size:,}", microseconds, 20)
    what = f"a cron script's way (its first {SAMPLE}, in proportion) / expire {shape.due:,} of {size:,}"
    yield Verdict("P1", what, taken["cron script"] / taken["ours"], 1000, at_least=True)


def remind(databases: Databases, size: int, repeats: int) -> Iterator[Verdict]:
    """P6: every reminder window, on PostgreSQL and SQLite; a second run writes nothing."""
    for kind in ("postgresql", "sqlite"):
        on_postgresql = kind == "postgresql"
        fresh = databases.fresh(kind, Shape(size, reminded=True, with_cron_script=on_postgresql))
        ways: dict[str, Callable[[str], float | None]] = {
            "ours": trial_check,
            "limit": lambda url: limit.remind_trials(url, NOON, limit.ALL),
            "limit/10k": lambda url: limit.remind_trials(url, NOON, limit.CHUNK),
        }
        if on_postgresql:
            ways["cron script"] = lambda url: _in_cron_script(url, cron_script.send_reminders)
        note = f"[{_same(fresh, ways['ours'], ways['limit'])}]" if size <= 10_000 else ""
        taken = interleaved(ways, fresh, repeats)
        best = min(taken["limit"], taken["limit/10k"])
        what = f"remind {size * 30 // 1000:,} of {size:,} on {kind} / limit"
        bound = 2.5 if kind == "sqlite" else 1.5 if size >= 1_000_000 else 2
        yield Verdict("P6", what, taken["ours"] / best, bound, limit=best, note=f"{seconds(taken)} {note}")
        with fresh() as url:
            trial_check(url)
            before = end_state(url)
            trial_check(url)
            yield Verdict("P6", f"a second run on {kind} changes anything", float(end_state(url) != before), 0)


def two_runners(databases: Databases, size: int, repeats: int) -> Iterator[Verdict]:
    """P11: two processes on the same due rows."""
    shape = Shape(size, ended=100)
    ways = {"one": lambda url: _processes(url, 1), "two": lambda url: _processes(url, 2)}
    fresh = databases.fresh("postgresql", shape)
    taken = interleaved(ways, fresh, repeats)
    with fresh() as url:
        _processes(url, 2)
        repeated = _scalar(url, "SELECT count(*) - count(DISTINCT subscription_id) FROM subs_audit WHERE version = 2")
        missing = _scalar(url, "SELECT count(*) FROM subs_audit WHERE version = 2") - shape.due
    what = f"two runners / one, {shape.due:,} due of {size:,}"
    yield Verdict("P11", what, taken["two"] / taken["one"], 1.1, note=seconds(taken))
    yield Verdict("P11", "rows handled twice or never by two runners", float(repeated + abs(missing)), 0)


def beside(databases: Databases, size: int, repeats: int) -> Iterator[Verdict]:
    """P12: the host's own updates while a tenth of all subscriptions end."""
    ratios, notes = [], []
    for _ in range(repeats):
        with databases.fresh("postgresql", Shape(size, ended=100))() as url:
            calm = _p99(url, lambda: time.sleep(3))
            busy = _p99(url, lambda: _processes(url, 1))
        ratios.append(busy / calm)
        notes.append(f"{calm * 1000:.2f} -> {busy * 1000:.2f} ms")
    what = f"p99 of a host's UPDATE while {size // 10:,} of {size:,} expire / idle"
    yield Verdict("P12", what, statistics.median(ratios), 2.0, note="; ".join(notes))


def trial_check(url: str) -> float:
    """Run the job, without delivery; return its seconds, without those of the app's start."""
    with running(url) as subs:
        return timed(lambda: check(subs))


def end_state(url: str) -> str:
    """Return a hash of everything that the jobs change."""
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = [[tuple(map(_plain, row)) for row in connection.execute(text(statement))] for statement in END_STATE]
    engine.dispose()
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def _plain(value: object) -> str:
    """Return a value as text; a JSON document in one spelling."""
    written = str(value)
    return json.dumps(json.loads(written), sort_keys=True) if written.startswith("{") else written


def check(subs: SubscriptionOps) -> None:
    """Run the job to its good end."""
    report = subs.run_job("trial-check", as_of=NOON, deliver=False)
    assert report.outcome.value == "ok", report.to_dict()


def _same(fresh: Any, *ways: Callable[[str], Any]) -> str:
    states = set()
    for way in ways:
        with fresh() as url:
            way(url)
            states.add(end_state(url))
    return "same end state" if len(states) == 1 else "END STATES DIFFER"


def _in_cron_script(url: str, work: Callable[[Any, int], float]) -> float:
    app = cron_script.make_app(url)
    with app.app_context():
        taken = work(NOON.replace(tzinfo=None), SAMPLE)
        cron_script.db.session.remove()
        cron_script.db.engine.dispose()
    return taken


def _processes(url: str, count: int) -> float:
    """Run the job in so many processes at once; return the seconds from the first start to the last end."""
    command = [sys.executable, "-m", "bench.runner", url]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    runners = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(count)]
    for runner in runners:
        runner.stdout.readline()  # ready
    began = time.perf_counter()
    for runner in runners:
        runner.stdin.write("go\n")
        runner.stdin.flush()
    for runner in runners:
        runner.stdout.readline()  # done
    taken = time.perf_counter() - began
    for runner in runners:
        runner.communicate()
    return taken


def _p99(url: str, meanwhile: Callable[[], Any]) -> float:
    command = [sys.executable, "-m", "bench.updater", url]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as updater:
        assert updater.stdin
        assert updater.stdout
        updater.stdout.readline()  # ready
        meanwhile()
        updater.stdin.close()
        return float(updater.stdout.read())


def _scalar(url: str, statement: str) -> int:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = int(connection.execute(text(statement)).scalar_one())
    engine.dispose()
    return found
