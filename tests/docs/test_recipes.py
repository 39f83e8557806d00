"""The recipes for other schedulers than systemd ring every job, and what they paste works."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flask_subscription_ops.jobs.table import JOBS

from .pages import blocks, read

CRON, CELERY, CONTAINERS = (f"how-to/run-{name}.md" for name in ("from-cron", "with-celery", "in-containers"))
CRON_LINE = re.compile(r"^(?:[\d*/,-]+\s+){5}subs  cd /opt/app && .*\bsubs ([a-z-]+)", re.MULTILINE)


def test_the_crontab_rings_every_job() -> None:
    crontab, without_chronic = blocks(read(CRON), "text")

    assert CRON_LINE.findall(crontab) == list(JOBS)
    assert set(CRON_LINE.findall(without_chronic)) < set(JOBS)


def test_beat_rings_every_job() -> None:
    [tasks] = blocks(read(CELERY), "python")

    assert re.findall(r'"args": \["([a-z-]+)"\]', tasks) == list(JOBS)


@pytest.mark.parametrize("language", ["sh", "yaml"])
def test_containers_run_every_job_once_and_in_a_loop(language: str) -> None:
    run = re.findall(r"flask,? subs,? ([a-z-]+)", "".join(blocks(read(CONTAINERS), language)))

    assert run == list(JOBS)


def test_the_loop_lets_the_command_in_hand_end_before_it_stops(tmp_path: Path) -> None:
    command = "trap 'echo ended in its own time; exit 0' TERM; echo begun; while :; do sleep 0.01; done"

    printed, code = told_to_stop(tmp_path, "60", command, lines=1)

    assert (printed, code) == ("begun\nended in its own time\n", 0)


def test_the_loop_stops_in_its_pause(tmp_path: Path) -> None:
    printed, code = told_to_stop(tmp_path, "3600", "echo done", lines=1)

    assert (printed, code) == ("done\n", 0)


def test_the_loop_goes_on_after_a_failure(tmp_path: Path) -> None:
    printed, code = told_to_stop(tmp_path, "0", "echo failed; exit 1", lines=2)

    assert printed.startswith("failed\nfailed\n")
    assert code == 0


def told_to_stop(folder: Path, pause: str, command: str, *, lines: int) -> tuple[str, int]:
    """Return what the page's own loop prints that is told to stop after so many lines, and its exit code."""
    [script] = blocks(read(CONTAINERS), "python")
    (folder / "subs-loop").write_text(script)
    call = [sys.executable, str(folder / "subs-loop"), pause, "sh", "-c", command]
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True) as loop:
        assert loop.stdout is not None
        before = [loop.stdout.readline() for _ in range(lines)]
        loop.send_signal(signal.SIGTERM)
        return "".join(before) + loop.stdout.read(), loop.wait()
