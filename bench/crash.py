"""The long crash test: `python -m bench.crash [sqlite postgresql mariadb] [--mail smtp mailjet] [--kills 200]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.crash.harness import Findings, ordeal
from tests.servers import DATABASES, Missing, database


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.crash", description=__doc__)
    parser.add_argument("databases", nargs="*", default=DATABASES, metavar="DATABASE")
    parser.add_argument("--mail", nargs="*", default=("smtp", "mailjet"), choices=("smtp", "mailjet"))
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    runs = [(kind, mail) for kind in options.databases for mail in options.mail]
    return max([_run(kind, mail, options.kills, options.seed) for kind, mail in runs], default=0)


def _run(kind: str, mail: str, kills: int, seed: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        try:
            with database(kind, Path(folder)) as url:
                return _say(f"{kind}, {mail}", ordeal(url, Path(folder), mail=mail, kills=kills, seed=seed))
        except Missing as missing:
            print(f"{kind:<19}  not run: {missing}", flush=True)
            return 0


def _say(what: str, found: Findings) -> int:
    print(
        f"{what:<19}  {found.kills} kills, {found.customers} customers, {found.seconds} s:"
        f" {found.emails} emails ({found.repeated_emails} repeated, {found.recognised_emails} recognised,"
        f" {found.held_emails} held, {found.emails_in_peace} after the kills),"
        f" {found.operations} operations ({found.repeated_operations} repeated), {len(found.problems)} problems",
        flush=True,
    )
    for problem in found.problems:
        print(f"    {problem}", flush=True)
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
