"""P2 and P5: what a command costs before it does anything, and how much memory it takes while it does much."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from tests.hosts import NOON

from .databases import Databases, Shape
from .host import CONFIG
from .measure import Verdict

ROOT = Path(__file__).parents[1]
NOOP = ("noop",)
JOB = ("subs", "trial-check", "--json", "--as-of", NOON.isoformat())
PAIRS = 15  # of a command and one that does nothing
UNWANTED = (
    "flask_mail",
    "smtplib",
    "mailjet_rest",
    "requests",
    "stripe",
    "alembic",
    "flask_migrate",
    "celery",
    "babel",
    "dateutil",
)
IDLE = """
import json, sys
from bench.host import running
from tests.hosts import NOON
with running(sys.argv[1]) as subs:
    for job in ("trial-check", "deliver"):
        subs.run_job(job, as_of=NOON)
print(json.dumps([*sys.modules]))
"""
WIRING = f"""
import time
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
app = Flask("bench")
app.config.update({CONFIG!r}, SQLALCHEMY_DATABASE_URI="sqlite://", MAIL_DEFAULT_SENDER="billing@host.example")
SQLAlchemy(app)
began = time.process_time()
from flask_subscription_ops import SubscriptionOps
SubscriptionOps(app)
print(time.process_time() - began)
"""


@dataclass(frozen=True)
class Spent:
    """What one process took."""

    seconds: float
    cpu_seconds: float
    peak_megabytes: float


def start(databases: Databases, size: int, repeats: int) -> Iterator[Verdict]:
    """P5: a job with nothing due, against a command of the same host that does nothing."""
    with databases.fresh("postgresql", Shape(size))() as url:
        pairs = [(_flask(url, *NOOP), _flask(url, *JOB)) for _ in range(max(PAIRS, repeats) + 1)]
        [loaded] = _python(IDLE, url)
    noops, jobs = zip(*pairs[1:], strict=True)  # the first pair compiles
    seconds = [statistics.median(spent.seconds for spent in each) for each in (jobs, noops)]
    cpu = [statistics.median(spent.cpu_seconds for spent in each) for each in (jobs, noops)]
    note = f"{seconds[0]:.3f} s, {seconds[1]:.3f} s; {cpu[0] / cpu[1]:.2f} in CPU"
    yield Verdict("P5", "trial-check with nothing due / a no-op command", seconds[0] / seconds[1], 1.1, note=note)
    wiring = [float(_python(WIRING)[0]) for _ in range(PAIRS)][1:]
    yield Verdict("P5", "ms of CPU of import and init_app over Flask-SQLAlchemy", 1000 * statistics.median(wiring), 60)
    found = sorted(set(UNWANTED).intersection(json.loads(loaded)))
    yield Verdict("P5", "mail, SDK, Alembic and scheduler libraries loaded", len(found), 0, note=", ".join(found))


def memory(databases: Databases, size: int, repeats: int) -> Iterator[Verdict]:
    """P2: a tenth of all subscriptions end; against the same process with nothing due."""
    peaks = []
    for ended in (100, 0):
        with databases.fresh("postgresql", Shape(size, ended=ended))() as url:
            peaks.append(_flask(url, *JOB, "--no-deliver").peak_megabytes)
    what = f"MB of trial-check with {size // 10:,} of {size:,} due over one with nothing due"
    yield Verdict("P2", what, peaks[0] - peaks[1], 8, note="{:.1f} MB, {:.1f} MB".format(*peaks))


def _flask(url: str, *words: str) -> Spent:
    """Run one command in a new process."""
    command = [sys.executable, "-m", "flask", "--app", "bench.host", *words]
    with tempfile.NamedTemporaryFile("r") as peak:
        environment = {**_environment(), "BENCH_URL": url, "BENCH_PEAK": peak.name}
        began, before = time.perf_counter(), getrusage(RUSAGE_CHILDREN)
        subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
        seconds, after = time.perf_counter() - began, getrusage(RUSAGE_CHILDREN)
        cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Spent(seconds, cpu_seconds, float(peak.read()) / 1024)


def _python(program: str, *arguments: str) -> list[str]:
    """Run a program in a new process, and return the lines that it prints."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=_environment(), check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()


def _environment() -> dict[str, str]:
    """Return the environment of an installed package: one whose bytecode is kept."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(ROOT / ".cache" / "bytecode")}
