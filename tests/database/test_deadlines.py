"""Whatever the network does, a run ends in time, and the next one finishes its work."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from flask_subscription_ops.errors import DatabaseUnreachable
from flask_subscription_ops.models import Base

from ..hosts import NOON, Host, days, make_host, running_host
from .proxy import Falls, proxy_to

END = NOON + days(14)
MESSAGES, ENDINGS = 9, 4  # every so many of them: all would take minutes
TIMEOUT = 1.0
SECONDS = {f"SUBS_{name}_TIMEOUT": TIMEOUT for name in ("MAIL", "HOOK", "PROVIDER", "DATABASE")}
BOUND = 6 * TIMEOUT  # a run that meets silence makes few further calls: it gives up, and tries once to say so


def test_a_run_ends_in_time_at_whatever_message_the_database_falls_silent(server_url: str, tmp_path: Path) -> None:
    numbers = iter(range(1, 1000, MESSAGES))

    while _falls_silent(server_url, tmp_path / str(number := next(numbers)), lambda count, _: count == number):
        pass

    assert number > 20


@pytest.mark.parametrize("word", [b"COMMIT", b"ROLLBACK"])
def test_a_run_ends_in_time_at_whatever_end_of_a_transaction_the_database_falls_silent(
    server_url: str, tmp_path: Path, word: bytes
) -> None:
    number, seen = 1 - ENDINGS, []

    def is_the_end(_: int, message: bytes) -> bool:
        seen.append(word in message)
        return seen[-1] and sum(seen) == number

    while _falls_silent(server_url, tmp_path / str(number := number + ENDINGS), is_the_end):
        seen.clear()

    assert number > ENDINGS


def _falls_silent(url: str, folder: Path, falls_silent: Falls) -> bool:
    """Let the server fall silent in a run, see the next one finish; tell whether the run came to that message."""
    config = {"SUBS_MAIL": "file", "SUBS_MAIL_DIR": str(folder), "SUBS_LEASE_SECONDS": 2.1, **SECONDS}
    with running_host(url, **config) as host, proxy_to(url) as (proxy, through):
        _begin_anew(host)
        proxy.falls_silent = falls_silent
        ended = _run(make_host(through, **config))

        # Silence while a connection is handed back, all work done, takes nothing from the run.
        assert proxy.is_silent or ended == "finished"
        proxy.close()  # the server notices, and rolls back what was under way
        _finish(host)
        _assert_done_once(host, folder)
        return proxy.is_silent


def _begin_anew(host: Host) -> None:
    for table in reversed(Base.metadata.sorted_tables):
        host.db.session.execute(host.db.text(f"DELETE FROM {table.name}"))
    for account in ("1", "2"):
        host.trial(account)
    host.db.session.remove()


def _run(host: Host) -> str:
    began = time.monotonic()
    try:
        with host.app.app_context():
            host.check(END)
        return "finished"
    except DatabaseUnreachable:
        return "unreachable"
    finally:
        assert time.monotonic() - began < BOUND
        with host.app.app_context():
            host.db.engine.dispose()


def _finish(host: Host) -> None:
    """Run until nothing waits: what the silent run had claimed comes back when its lease ends."""
    ends = time.monotonic() + 10
    while host.check(END) and set(host.effects().values()) - {"done", "superseded"}:
        assert time.monotonic() < ends, host.effects()
        time.sleep(0.05)


def _assert_done_once(host: Host, folder: Path) -> None:
    changes = Counter(cause for _, _, cause in host.audit())
    sent = Counter(line for file in folder.glob("*.eml") for line in _keys(file))

    assert changes == {"trial_started": 2, "trial_ended": 2}
    assert len(sent) == 2
    assert set(sent.values()) == {1}


def _keys(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if line.startswith("X-Subs-Effect: ")]
