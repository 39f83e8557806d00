"""A process that forks workers on request: each is a real process, and starts without importing everything anew.

`python -m tests.crash.nursery SITE` reads an empty line for each worker wanted, and the process id of each one to be
killed; it answers either with the process id. When its input ends, it takes every worker with it. The dead are not
buried before: their process ids go to nobody else whom a late kill could hit.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback

from .shop import Site, make_shop, may_be_held, note

JOBS = ("trial-check", "deliver")


def main() -> None:
    site = Site(**json.loads(sys.argv[1]))
    workers: list[int] = []
    for line in sys.stdin:
        wanted = line.strip()
        if wanted:
            _end(int(wanted))
        else:
            workers.append(_fork(site))
        print(wanted or workers[-1], flush=True)
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


def _fork(site: Site) -> int:
    pid = os.fork()
    if pid == 0:
        _be_a_worker(site)
    return pid


def _be_a_worker(site: Site) -> None:
    os.close(0)
    random.seed()
    try:
        work(site)
    except BaseException:
        note(site.troubles, worker=os.getpid(), error=traceback.format_exc())
    os._exit(1)


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


if __name__ == "__main__":
    main()
