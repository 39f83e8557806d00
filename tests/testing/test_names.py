"""What the kit shows to a host."""

from __future__ import annotations

import subprocess
import sys

from flask_subscription_ops import testing


def test_the_public_names_are_these_and_no_others() -> None:
    assert testing.__all__ == [
        "UNREACHABLE",
        "Answer",
        "MovingClock",
        "Reply",
        "ScriptedTransport",
        "Verdict",
        "end_leases",
        "moving_clock",
        "scripted_transport",
    ]


def test_the_kit_is_imported_without_pytest() -> None:
    program = "import sys; sys.modules['pytest'] = None; import flask_subscription_ops.testing"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
