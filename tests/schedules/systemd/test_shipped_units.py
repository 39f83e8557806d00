"""The repository's `systemd/` folder is what the renderer writes: `make units` writes it again."""

from __future__ import annotations

from pathlib import Path

from flask_subscription_ops.jobs.table import TIMERS
from flask_subscription_ops.schedules.systemd.__main__ import main
from flask_subscription_ops.schedules.systemd.example import EXAMPLE
from flask_subscription_ops.schedules.systemd.guide import timer_table
from flask_subscription_ops.schedules.systemd.units import render

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "units.md"
FOLDER = Path(__file__).parents[3] / "systemd"


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_shipped_units_are_the_rendered_ones():
    assert files_of(FOLDER) == render(EXAMPLE, TIMERS.values())


def test_the_command_writes_them(tmp_path):
    assert main(["units", str(tmp_path)]) == 0

    assert files_of(tmp_path) == render(EXAMPLE, TIMERS.values())


def test_the_reference_has_the_table_of_jobs():
    assert timer_table(TIMERS.values()) in REFERENCE.read_text()
