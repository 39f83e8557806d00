"""Behind a pooler that gives each transaction another server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import make_url

from flask_subscription_ops.models import OutboxMessage

from ..customers import add_trials
from ..hosts import NOON, Host, days, running_host

PGBOUNCER = shutil.which("pgbouncer")
WORKERS, EMAILS = 4, 300

pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")

CONFIG = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
"""


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def pooled_url(postgresql_url: str) -> Iterator[str]:
    """The URL of an empty database through a pooler in transaction mode."""
    url, own_port = make_url(postgresql_url), _free_port()
    as_nobody: dict[str, Any] = {"user": "nobody"} if os.geteuid() == 0 else {}  # it refuses to run as root
    with TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        file = Path(folder, "pgbouncer.ini")
        file.write_text(
            CONFIG.format(host=url.host, port=url.port or 5432, user=url.username or "postgres", own_port=own_port)
        )
        pooler = subprocess.Popen([str(PGBOUNCER), "-q", str(file)], stderr=subprocess.PIPE, text=True, **as_nobody)
        try:
            _wait_for(own_port, pooler)
            yield url.set(host="127.0.0.1", port=own_port).render_as_string(hide_password=False)
        finally:
            pooler.terminate()
            pooler.communicate()


def _wait_for(port: int, pooler: subprocess.Popen[str]) -> None:
    ends = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if pooler.poll() is not None or time.monotonic() > ends:
                pytest.fail(f"pgbouncer did not start: {pooler.communicate()[1]}")
            time.sleep(0.05)


@pytest.mark.parametrize("options", [{}, {"pool_pre_ping": True}], ids=["plain", "with pings"])
def test_workers_send_each_email_once(pooled_url: str, options: dict[str, Any]) -> None:
    with running_host(pooled_url, SQLALCHEMY_ENGINE_OPTIONS=options, SUBS_BRAKE_MIN=10**6) as host:
        add_trials(host, 1, EMAILS, ends=NOON + days(14), look=NOON)
        host.check(NOON + days(7), deliver=False)
        host.db.session.remove()

        outcomes = _deliver_side_by_side(host)

        states = Counter(message.state for message in host.db.session.query(OutboxMessage))
        keys = Counter(email.key for email in host.subs.mailbox)
        assert outcomes == ["ok"] * WORKERS
        assert states == {"done": EMAILS}
        assert (len(keys), set(keys.values())) == (EMAILS, {1})


def _deliver_side_by_side(host: Host) -> list[str]:
    outcomes: list[str] = []

    def work() -> None:
        try:
            with host.app.app_context():
                outcomes.append(host.deliver(NOON + days(7)).outcome.value)
        except Exception as error:
            outcomes.append(repr(error))

    workers = [threading.Thread(target=work) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return outcomes
