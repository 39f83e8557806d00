"""What systemd itself says about the units, without running them."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import pytest

from flask_subscription_ops.schedules.systemd.calendar import calendar
from flask_subscription_ops.schedules.systemd.example import EXAMPLE
from flask_subscription_ops.schedules.systemd.units import render

WORST_SCORE = 15  # in tenths: 1.5

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def analyze(*arguments):
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False, env={"LC_ALL": "C"}
    )


def write_units(folder, options, timers):
    """Write the units with interpreters that exist, as verify looks for them."""
    stub = folder / "venv" / "bin" / "python"
    stub.parent.mkdir(parents=True, exist_ok=True)
    stub.write_text("#!/bin/sh\n")
    stub.chmod(0o755)
    paths = []
    for name, text in render(options, timers).items():
        if name.endswith((".service", ".timer")):
            paths.append(folder / name)
            paths[-1].write_text(text.replace("/opt/app/venv/bin/python", str(stub)))
    return paths


@pytest.fixture
def paths(tmp_path, timers):
    return write_units(tmp_path, EXAMPLE, timers)


def test_verify_has_nothing_to_say(paths):
    # An instance, because verify cannot load the bare template.
    alert = next(path for path in paths if path.name == "subs-alert@.service")
    instance = alert.with_name("subs-alert@subs-deliver.service.service")
    alert.rename(instance)

    result = analyze("verify", *(str(path) for path in paths if path != alert), str(instance))

    assert (result.stdout, result.stderr, result.returncode) == ("", "", 0)


def test_verify_has_nothing_to_say_about_odd_options(tmp_path, timers):
    folder = tmp_path / "my app 100%"
    odd = replace(
        EXAMPLE,
        app="shop:create_app('a b', \"c\")",
        credentials={"a": "/etc/subs/b c%"},
        environment={"A": 'x "y" \\ %n $Z'},
    )
    paths = write_units(folder, odd, timers)

    # The stub's own path holds a space and a percent sign here, so it must be written as the renderer would.
    quoted = str(folder / "venv" / "bin" / "python")
    for path in paths:
        path.write_text(path.read_text().replace(f"ExecStart={quoted} ", f'ExecStart="{quoted.replace("%", "%%")}" '))
    result = analyze("verify", *(str(path) for path in paths if "@" not in path.name))

    assert (result.stdout, result.stderr, result.returncode) == ("", "", 0)


def test_every_service_is_rated_safe(paths):
    for path in paths:
        if path.suffix == ".service":
            result = analyze("security", "--offline=true", "--no-pager", f"--threshold={WORST_SCORE}", str(path))

            assert result.returncode == 0, f"{path.name}: {result.stdout.splitlines()[-1]}"


def test_every_calendar_is_understood(timers):
    for timer in timers:
        assert analyze("calendar", *map(calendar, timer.when)).returncode == 0
