from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask_subscription_ops.reports.audit import verify

from ..hosts import NOON, Host, days

ROOT = Path(__file__).parents[2]
PROCESSES, CUSTOMERS = 8, 15
A_LIFE = 14 * 24 * 60  # minutes of a trial
MOMENTS = [NOON + days(day) for day in (7, 11, 13, 14)]


def test_eight_processes_at_once_send_each_email_and_stop_each_account_once(host: Host, database_url: str) -> None:
    for number in range(CUSTOMERS):
        host.trial(str(number))
    host.deliver(NOON)

    done = _work_at_once(database_url, [moment.isoformat() for moment in MOMENTS])

    emails = Counter(key for report in done for key in report["emails"])
    operations = Counter(key for report in done for key in report["operations"])
    assert {code for report in done for code in report["codes"]} == {0}
    assert emails == Counter(
        [
            key
            for number in range(1, CUSTOMERS + 1)
            for key in (
                *(f"trial-reminder:sub-{number}:2026-12-15:{step}" for step in (7, 3, 1)),
                f"trial-expired:sub-{number}:2026-12-15",
            )
        ]
    ) - Counter(_superseded(host))
    assert operations == Counter(f"suspend-workspaces:sub-{number}:2" for number in range(1, CUSTOMERS + 1))
    assert set(host.effects().values()) <= {"done", "superseded"}
    assert list(verify(host.subs.runtime)) == []


def test_two_hosts_whose_clocks_differ_by_ten_minutes_do_everything_once(make: Callable[..., Host]) -> None:
    late, early = make(), make()  # the app context of the last one is the current one
    early.trial("1")
    early.trial("2", begun=NOON + timedelta(minutes=3))

    for minutes in [*range(0, A_LIFE, 720), *range(A_LIFE, A_LIFE + 30, 5)]:
        for host, error in ((early, 0), (late, -10)):
            with host.app.app_context():
                host.at(NOON + timedelta(minutes=minutes + error))
                host.subs.run_job("trial-check")

    sent = Counter(email.key for host in (early, late) for email in _mailbox(host))
    assert sent == Counter(key for key in early.effects() if not key.startswith("suspend"))
    assert len(sent) == 10
    assert Counter([*early.stopped, *late.stopped]) == {"1": 1, "2": 1}


def _superseded(host: Host) -> list[str]:
    """A slow process may have been overtaken by the next moment, whose reminder is the more urgent one."""
    return [key for key, state in host.effects().items() if state == "superseded"]


def _mailbox(host: Host) -> list[Any]:
    with host.app.app_context():
        return list(host.subs.mailbox)


def _work_at_once(url: str, instants: list[str]) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.journeys.worker", url, *instants]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    workers = [subprocess.Popen(command, **pipes) for _ in range(PROCESSES)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    done = [json.loads(worker.communicate()[0]) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * PROCESSES
    return done
