"""A fault that nobody foresaw ends a job with one sentence and 3; its traceback is in the log."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ..hosts import NOON, Host
from .conftest import APP, Shop

FAULTY = (
    APP
    + """
from flask_subscription_ops.jobs import deliver, trial_check
def fault(run):
    raise LookupError("nobody foresaw this of " + "@".join(("ada", "customer.example")))
deliver.do = trial_check.do = fault
"""
)

FAULTY_EVERYWHERE = (
    APP
    + """
from flask_subscription_ops.cli import outbox, show, status
from flask_subscription_ops.schedules.systemd import units
def fault(*_, **__):
    raise LookupError("nobody foresaw this")
outbox.readable = show.account = status.status = units.render = fault
"""
)


@pytest.fixture
def faulty(shop: Shop, books: Host) -> Shop:
    (shop.folder / "shop.py").write_text(FAULTY)
    return shop


@pytest.mark.parametrize("job", ["deliver", "trial-check"])
def test_a_person_reads_one_sentence_and_the_log_has_the_traceback(faulty: Shop, job: str) -> None:
    ended = faulty.subs(job)

    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.splitlines()[-1].startswith(f"Error: {job} could not be run: LookupError: nobody foresaw")
    assert f"{faulty.folder / 'shop.py'}" in ended.stderr  # where it was raised
    assert "ada@" not in ended.stderr


def test_a_program_reads_the_one_object_with_the_error(faulty: Shop) -> None:
    ended = faulty.subs("deliver", "--json")

    report = json.loads(ended.stdout)
    assert (ended.returncode, report["outcome"], report["run"]) == (3, "failed", 1)
    assert report["error"].startswith("deliver could not be run: LookupError")


def test_a_terminal_shows_no_traceback(faulty: Shop) -> None:
    ended = faulty.shell("script --quiet --return --command 'flask subs deliver' /dev/null")

    assert ended.returncode == 3
    assert "Error: deliver could not be run: LookupError" in ended.stdout
    assert "Traceback" not in ended.stdout


@pytest.mark.parametrize("words", ["status", "show 1", "systemd render", "outbox list"])
def test_no_other_command_shows_a_person_a_traceback_either(faulty: Shop, words: str) -> None:
    (faulty.folder / "shop.py").write_text(FAULTY_EVERYWHERE)

    ended = faulty.shell(f"script --quiet --return --command 'flask subs {words}' /dev/null")

    assert ended.returncode == 3
    assert "could not be run: LookupError: nobody foresaw this" in ended.stdout
    assert "Traceback" not in ended.stdout


@pytest.mark.parametrize("batch", [1, 2, 1000])
def test_progress_tells_of_each_subscription_and_each_effect(make_on_sqlite: Callable[..., Host], batch: int) -> None:
    host = make_on_sqlite(SUBS_BATCH_SIZE=batch)
    for number in range(7):
        host.trial(str(number))
    told: list[int] = []

    host.subs.run_job("deliver", as_of=NOON, progress=told.append)
    assert sum(told) == 7

    told.clear()
    host.subs.run_job("trial-check", as_of=NOON.replace(day=8), deliver=False, progress=told.append)
    assert sum(told) == 7
