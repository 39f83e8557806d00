"""SIGTERM, as systemd sends it at each deploy: what is in hand is ended, the rest is left or given back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from flask_subscription_ops.models import OutboxMessage

from ..conftest import empty_database
from ..hosts import NOON, Host, days, running_host
from .test_usage import run

ROOT = Path(__file__).parents[2]
APP = """
import os, time
from pathlib import Path
from flask_subscription_ops.mail import file
from flask_subscription_ops import Contact
from tests.hosts import make_host

here = Path(os.environ["HERE"])
write = file.FileTransport._write

def wait_for_leave():
    (here / "under-way").touch()
    while not (here / "go").exists():
        time.sleep(0.01)

def slowly(self, email):
    wait_for_leave()
    return write(self, email)

file.FileTransport._write = slowly
host = make_host(os.environ["URL"], SUBS_MAIL="file", SUBS_MAIL_DIR=str(here / "emails"), SUBS_BATCH_SIZE=2)
app = host.app

@host.subs.contacts
def contacts(account_ids):
    if os.environ["SLOW"] == "contacts":
        wait_for_leave()
    return {account_id: Contact("a@customer.example") for account_id in account_ids}
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with empty_database(request.param, tmp_path) as found:
        yield found


def test_a_delivery_that_is_told_to_stop_ends_the_email_in_hand_and_gives_the_rest_back(
    url: str, tmp_path: Path
) -> None:
    with running_host(url, SUBS_MAIL="file", SUBS_MAIL_DIR=str(tmp_path / "emails")) as host:
        for account_id in "123":
            host.trial(account_id)
        host.db.session.remove()

        report = _told_to_stop(url, tmp_path, "deliver", NOON, slow="mail")

        assert (report["outcome"], report["effects"]["delivered"], report["failed"]) == ("ok", {"trial_started": 1}, 0)
        assert _states(host) == [("done", 1), ("pending", 0), ("pending", 0)]
        first = {path: path.stat().st_mtime_ns for path in (tmp_path / "emails").glob("*.eml")}
        assert len(first) == 1
        host.deliver(NOON)
        assert _states(host) == [("done", 1)] * 3
        assert {path: path.stat().st_mtime_ns for path in first} == first


def test_a_sweep_that_is_told_to_stop_ends_the_chunk_in_hand_and_leaves_the_rest(url: str, tmp_path: Path) -> None:
    at = NOON + days(7)
    with running_host(url) as host:
        for account_id in "12345":
            host.trial(account_id)
        host.db.session.remove()

        report = _told_to_stop(url, tmp_path, "trial-check", at, slow="contacts")

        assert (report["outcome"], report["examined"], report["changed"], report["failed"]) == ("ok", 2, 2, 0)
        assert report["effects"] == {"queued": {"trial_reminder": 2}, "delivered": {}, "failed": {}}
        rest = host.check(at)
        assert (rest.examined, rest.changed) == (3, 3)
        assert sorted(host.kinds) == ["trial_reminder"] * 5 + ["trial_started"] * 5


def test_after_a_job_the_process_ends_at_sigterm_as_before(sqlite_host: Host) -> None:
    before = signal.getsignal(signal.SIGTERM)

    run(sqlite_host, "deliver")

    assert signal.getsignal(signal.SIGTERM) is before


def _told_to_stop(url: str, here: Path, job: str, at: datetime, *, slow: str) -> dict:
    (here / "stopping.py").write_text(APP)
    words = [
        "-m",
        "flask",
        "--app",
        str(here / "stopping.py"),
        "subs",
        job,
        "--as-of",
        at.isoformat(),
        "--json",
    ]
    environment = {**os.environ, "URL": url, "HERE": str(here), "SLOW": slow, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, env=environment, text=True) as running:
        ends = time.monotonic() + 60
        while not (here / "under-way").exists():
            assert running.poll() is None
            assert time.monotonic() < ends
            time.sleep(0.01)
        running.send_signal(signal.SIGTERM)
        (here / "go").touch()
        told, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    found: dict = json.loads(told)
    return found


def _states(host: Host) -> list[tuple[str, int]]:
    host.db.session.rollback()
    rows = host.db.session.query(OutboxMessage).order_by(OutboxMessage.id)
    return [(message.state, message.attempts) for message in rows]
