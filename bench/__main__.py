"""`python -m bench [--size 10k,100k,1M] [--only P1,P6] [--repeats N]`: what it is measured by, as ratios."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from . import delivery, jobs, startup
from .databases import Databases
from .measure import Verdict

SIZES = {"10k": 10_000, "100k": 100_000, "1M": 1_000_000}
OF_A_SIZE: dict[str, Callable[[Databases, int, int], Iterable[Verdict]]] = {
    "P1": jobs.expire,
    "P2": startup.memory,
    "P4": jobs.idle,
    "P6": jobs.remind,
    "P11": jobs.two_runners,
    "P12": jobs.beside,
}
OF_ANY_SIZE = {"P5": startup.start, "P9": delivery.smtp, "P10": delivery.mailjet}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--size", default="10k,100k,1M", help=f"some of {','.join(SIZES)}")
    parser.add_argument("--only", default="", help="some goals, as P1,P6")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    sizes = [SIZES[size] for size in options.size.split(",")]
    wanted = set(filter(None, options.only.split(",")))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        databases = Databases(Path(folder), stack)
        for goal, measure in OF_A_SIZE.items():
            for size in sizes:
                if not wanted or goal in wanted:
                    _say(measure(databases, size, options.repeats))
        for goal, measure in OF_ANY_SIZE.items():
            if not wanted or goal in wanted:
                _say(measure(databases, min(sizes), options.repeats))
        if not wanted or "P3" in wanted:
            _say(jobs.growth(databases, sizes, options.repeats))
    return 0


def _say(verdicts: Iterable[Verdict]) -> None:
    for verdict in verdicts:
        print(verdict, flush=True)


if __name__ == "__main__":
    sys.exit(main())
