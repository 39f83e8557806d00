"""Any text, things that are none, and how to see that nothing broke."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from flask_subscription_ops.models import AuditEntry, OutboxMessage, Subscription

from ...cli.test_usage import run
from ...hosts import NOON, Host, days
from ...outside.test_text import POISON, Mute, MuteText

END = NOON + days(14)
FEW = settings(
    max_examples=10 if os.environ.get("CI") == "true" else 3,  # beside those that are tried each time
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=60) | st.sampled_from(
    [t for t in POISON if len(t) < 10**6]
)
OTHERS: Mapping[str, Callable[[], Any]] = {
    "mute": Mute,  # by name: nothing may ask it for its text, a test's report neither
    "mute text": lambda: MuteText("x"),
    "nothing": lambda: None,
    "number": lambda: 7,
    "endless number": lambda: 10**5000,
    "bytes": lambda: b"\xff",
    "list": lambda: ["x"],
    "mapping": lambda: {"x": 1},
}


def any_thing(test: Callable[[Any], None]) -> Callable[[], None]:
    """Run a test with any text, and with things that are none."""

    def check(text: str, other: str | None) -> None:
        test(text if other is None else OTHERS[other]())

    for text in POISON[:6]:
        check = example(text, None)(check)
    for other in OTHERS:
        check = example("", other)(check)
    return FEW(given(TEXTS, st.none() | st.sampled_from(list(OTHERS)))(check))  # type: ignore[no-any-return]


def rows(host: Host) -> list[int]:
    host.db.session.rollback()
    tables = (Subscription, OutboxMessage, AuditEntry)
    return [host.db.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def everything_still_works(host: Host) -> None:
    """Run every job and every command that reads, and count their lines."""
    host.db.session.rollback()
    for words in (["deliver"], ["trial-check"]):
        assert run(host, *words, "--as-of", END.isoformat(), "--json").exit_code in (0, 1)
    waiting = run(host, "outbox", "list").stdout.splitlines()
    assert len(waiting) == len(run(host, "outbox", "list", "--json").stdout.splitlines())
    assert len(run(host, "audit").stdout.splitlines()) == rows(host)[2]
    assert run(host, "audit", "--verify").exit_code == 0
    assert json.loads(run(host, "status", "--json").stdout)["deployment"] == host.subs.settings.deployment
    for account_id in host.db.session.scalars(select(Subscription.account_id).distinct()).all():
        story = run(host, "show", "--json", "--", account_id)
        assert json.loads(story.stdout)["account"] == account_id
