"""`python -m bench [--size 10k,100k,1M] [--only P1,P6] [--repeats N] [--json]`: goal, now, and the limit's own time."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from . import delivery, jobs, scale, startup, statements
from .databases import Databases
from .measure import Verdict, table

SIZES = {"10k": 10_000, "100k": 100_000, "1M": 1_000_000}
Measure = Callable[[Databases, Sequence[int], int], Iterable[Verdict]]  # its sizes, and how often each is repeated
AtOneSize = Callable[[Databases, int, int], Iterable[Verdict]]


def _each(measure: AtOneSize) -> Measure:
    return lambda databases, sizes, repeats: (
        verdict for size in sizes for verdict in measure(databases, size, repeats)
    )


def _smallest(measure: AtOneSize) -> Measure:
    return lambda databases, sizes, repeats: measure(databases, min(sizes), repeats)


GOALS: dict[str, Measure] = {
    "P1": _each(jobs.expire),
    "P2": _each(startup.memory),
    "P3": statements.growth,
    "P4": _each(statements.idle),
    "P5": _smallest(startup.start),
    "P6": _each(jobs.remind),
    "P9": _smallest(delivery.smtp),
    "P10": _smallest(delivery.mailjet),
    "P11": _each(jobs.two_runners),
    "P12": _each(jobs.beside),
    "P13": _each(statements.claim),
    "scale": _smallest(scale.growth),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, say each verdict on stderr as it falls, and print all of them on stdout."""
    options = _options(arguments)
    sizes, verdicts = [SIZES[name] for name in options.size], []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        databases = Databases(Path(folder), stack)
        for goal in options.only:
            for verdict in GOALS[goal](databases, sizes, options.repeats):
                print(verdict, file=sys.stderr, flush=True)
                verdicts.append(verdict)
    print(json.dumps([verdict.to_dict() for verdict in verdicts]) if options.json else table(verdicts))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--size", type=_some_of(SIZES), default=[*SIZES], help=f"some of {','.join(SIZES)}")
    parser.add_argument("--only", type=_some_of(GOALS), default=[*GOALS], help="some goals, as P1,P6")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON list instead of the table")
    return parser.parse_args(arguments)


def _some_of(known: Iterable[str]) -> Callable[[str], list[str]]:
    def words(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := set(chosen).difference(known):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))} is none of {', '.join(known)}")
        return chosen

    return words


if __name__ == "__main__":
    sys.exit(main())
