"""`python -m flask_subscription_ops.schedules.systemd units DIR` writes the units of the documented example.

`... alert-sender` prints where the package keeps the alert sender. Both work without an app.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ...jobs.table import TIMERS
from .example import EXAMPLE
from .files import write_folder
from .install import alert_sender
from .units import render


def main(arguments: list[str]) -> int:
    """Do what the arguments say; return the exit status."""
    if arguments == ["alert-sender"]:
        sys.stdout.write(f"{alert_sender()}\n")
        return 0
    if len(arguments) == 2 and arguments[0] == "units":
        write_folder(Path(arguments[1]), render(EXAMPLE, TIMERS.values()))
        return 0
    sys.stderr.write(f"{__doc__}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
