"""One runner of a job in its own process: says when it is ready, waits for a line, runs, says when it is done."""

from __future__ import annotations

import sys

from tests.hosts import NOON

from .host import running


def main(url: str) -> None:
    with running(url) as subs:
        subs.runtime.require_database()
        print("ready", flush=True)
        sys.stdin.readline()
        subs.run_job("trial-check", as_of=NOON, deliver=False)
        print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
