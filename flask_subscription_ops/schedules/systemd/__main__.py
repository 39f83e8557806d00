"""`python -m flask_subscription_ops.schedules.systemd units DIR` writes the units of the documented example.

`... alert-sender` prints where the package keeps the alert sender. Both work without an app.
"""

from __future__ import annotations

import sys
from pathlib import Path

from .example import EXAMPLE
from .install import alert_sender
from .units import render


def main(arguments: list[str]) -> int:
    """Do what the arguments say; return the exit status."""
    if arguments == ["alert-sender"]:
        sys.stdout.write(f"{alert_sender()}\n")
        return 0
    if len(arguments) == 2 and arguments[0] == "units":
        write_units(Path(arguments[1]))
        return 0
    sys.stderr.write(f"{__doc__}\n")
    return 2


def write_units(folder: Path) -> None:
    """Write the example's units into a folder."""
    from ...jobs.table import JOBS

    for name, text in render(EXAMPLE, JOBS.values()).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
