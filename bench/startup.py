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
from functools import partial
from pathlib import Path

from tests.hosts import NOON

from .databases import Databases, Shape
from .measure import Verdict

ROOT = Path(__file__).parents[1]
NOOP = ("noop",)
JOB = ("subs", "trial-check", "--no-deliver", "--json")
AS_OF = ("--as-of", NOON.isoformat())
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
)


def start(databases: Databases, size: int, repeats: int) -> Iterator[Verdict]:
    """P5: a job with nothing due, against a command of the same host that does nothing."""
    with databases.fresh("postgresql", Shape(size))() as url:
        _flask(url, *JOB, *AS_OF)  # compiled and cached, as in life
        taken: dict[str, list[float]] = {"noop": [], "job": []}
        for _ in range(max(9, repeats)):
            taken["noop"].append(_flask(url, *NOOP)[0])
            taken["job"].append(_flask(url, *JOB, *AS_OF)[0])
        loaded = _modules(url)
    noop, job = statistics.median(taken["noop"]), statistics.median(taken["job"])
    yield Verdict(
        "P5", "trial-check with nothing due / a no-op command", job / noop, 1.1, note=f"{job:.3f} s, {noop:.3f} s"
    )
    more = _start_milliseconds()
    yield Verdict("P5", "import and init_app over Flask-SQLAlchemy, ms of CPU", more, 60)
    found = sorted(name for name in UNWANTED if name in loaded)
    yield Verdict("P5", "mail, SDK, Alembic and scheduler libraries loaded", len(found), 0, note=", ".join(found))


def memory(databases: Databases, size: int, repeats: int) -> Iterator[Verdict]:
    """P2: a tenth of all subscriptions end; against the same host's process that does nothing."""
    with databases.fresh("postgresql", Shape(size, ended=100))() as url:
        idle = _flask(url, "noop-connected")[1]
        busy = _flask(url, *JOB, *AS_OF)[1]
    what = f"peak MB of trial-check with {size // 10:,} due over a process that does nothing"
    yield Verdict("P2", what, busy - idle, 8, note=f"{busy:.1f} MB, {idle:.1f} MB")


def _flask(url: str, *words: str) -> tuple[float, float]:
    """Run one command in a new process; return its seconds and its peak memory in MB."""
    command = [sys.executable, "-m", "flask", "--app", "bench.host", *words]
    with tempfile.NamedTemporaryFile("r") as peak:
        began = time.perf_counter()
        environment = {**_environment(), "BENCH_URL": url, "BENCH_PEAK": peak.name}
        subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - began, float(peak.read()) / 1024


def _environment() -> dict[str, str]:
    """Return the environment of an installed package: one whose bytecode is kept."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(ROOT / ".cache" / "bytecode")}


def _modules(url: str) -> set[str]:
    """Return what an idle run of every job has loaded."""
    script = (
        "import json, sys; from bench.host import running\n"
        "from tests.hosts import NOON\n"
        f"with running({url!r}) as subs:\n"
        "    for job in ('trial-check', 'deliver'): subs.run_job(job, as_of=NOON)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(json.loads(found.stdout))


def _start_milliseconds() -> float:
    script = (
        "import time, flask_sqlalchemy; began = time.process_time()\n"
        "from bench.host import create_app; create_app('sqlite://'); print(time.process_time() - began)"
    )
    command = [sys.executable, "-c", script]
    run = partial(subprocess.run, command, cwd=ROOT, env=_environment(), check=True, capture_output=True)
    outputs = [run().stdout for _ in range(12)][1:]  # the first one compiles
    return statistics.median(map(float, outputs)) * 1000
