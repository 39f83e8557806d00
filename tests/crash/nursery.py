"""A process that forks workers on request: each is a real process, and starts without importing everything anew.

`python -m tests.crash.nursery SITE` reads a line for each worker wanted and answers with its process id. When its
input ends, it takes every worker with it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from contextlib import suppress

from .shop import Site, make_shop, may_be_held, note

JOBS = ("trial-check", "deliver")


def main() -> None:
    site = Site(**json.loads(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # killed workers leave no zombies
    workers: list[int] = []
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _be_a_worker(site)
        workers.append(pid)
        print(pid, flush=True)
    for pid in workers:
        _end(pid)


def work(site: Site) -> None:
    """Run the jobs for ever, as two timers would, with short rests."""
    app, _, subs = make_shop(site)
    with app.app_context():
        while True:
            for job in JOBS:
                failures = [failure for failure in subs.run_job(job).failures if not may_be_held(failure["subject"])]
                if failures:
                    note(site.troubles, job=job, failures=failures)
            time.sleep(random.uniform(0, 0.03))


def _be_a_worker(site: Site) -> None:
    os.close(0)
    random.seed()
    try:
        work(site)
    except BaseException:
        note(site.troubles, worker=os.getpid(), error=traceback.format_exc())
    os._exit(1)


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
