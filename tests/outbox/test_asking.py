"""A worker that is killed between Mailjet's yes and its own record: Mailjet is asked, and nothing is sent again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flask_subscription_ops.testing import end_leases

from ..hosts import NOON, Host, days, running_host
from ..mail.fake_mailjet import FakeMailjet
from .waiting import emails_to

ROOT = Path(__file__).parents[2]
EMAILS = 3
WORKER = """
import json, sys
from datetime import datetime
from tests.hosts import make_host
url, at, config = sys.argv[1:]
host = make_host(url, **json.loads(config))
with host.app.app_context():
    input()
    host.deliver(datetime.fromisoformat(at))
"""


class Killing(FakeMailjet):
    """Accepts a call's messages, and kills who sent them before it answers."""

    victim = 0

    def accept(self, message: dict[str, Any]) -> None:
        super().accept(message)
        if self.victim and len(self.accepted) == EMAILS:
            os.kill(self.victim, signal.SIGKILL)
            self.victim = 0

    @property
    def sent(self) -> list[str]:
        return [
            message["CustomID"]
            for path, payload in self.calls
            if path == "/v3.1/send"
            for message in payload["Messages"]
        ]

    @property
    def asked(self) -> list[str]:
        return [key for path, query in self.calls if path.endswith("/message") for key in query["CustomID"]]


@pytest.mark.parametrize("at_most_once", [(), ("trial_started",)], ids=["any kind", "at most once"])
def test_what_mailjet_took_before_the_kill_is_not_sent_again(database_url: str, at_most_once: tuple[str, ...]) -> None:
    with Killing() as mailjet:
        config = {
            "SUBS_MAIL": "mailjet",
            "SUBS_MAILJET_API_KEY": "0123456789abcdef",
            "SUBS_MAILJET_API_SECRET": "fedcba9876543210",
            "SUBS_MAILJET_API_BASE": mailjet.base,
            "SUBS_EMAILS_AT_MOST_ONCE": at_most_once,
        }
        with running_host(database_url, **config) as host:
            emails_to(host, EMAILS)
            assert _killed(host, mailjet, config) == -signal.SIGKILL
            assert set(host.effects().values()) == {"sending"}

            end_leases(host.app)
            host.deliver(NOON + days(1))

            assert sorted(mailjet.sent) == sorted(host.effects())
            assert set(host.effects().values()) == {"held" if at_most_once else "done"}
            assert sorted(mailjet.asked) == ([] if at_most_once else sorted(host.effects()))


def _killed(host: Host, mailjet: Killing, config: dict[str, Any]) -> int:
    url = host.db.engine.url.render_as_string(hide_password=False)
    host.db.session.remove()
    arguments = [sys.executable, "-c", WORKER, url, NOON.isoformat(), json.dumps(config)]
    with subprocess.Popen(arguments, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as worker:
        mailjet.victim = worker.pid
        worker.communicate(b"\n", timeout=60)
    return worker.returncode
