from __future__ import annotations

from datetime import timedelta

import pytest

from flask_subscription_ops.reports.account import account
from flask_subscription_ops.reports.status import status
from flask_subscription_ops.testing import Verdict

from ..hosts import NOON, Host, days


def test_status_is_the_same_on_every_database(host: Host) -> None:
    host.trial("1")
    host.trial("2")
    host.check(NOON + days(14))
    host.at(NOON)
    host.subs.subscribe("3", "pro")
    host.db.session.commit()
    host.at(NOON + timedelta(minutes=90))

    found = status(host.subs.runtime)

    assert found["subscriptions"] == {"active": 1, "expired": 2}
    assert found["effects"] == {"done": 4, "pending": 1, "superseded": 2}
    assert found["oldest_due_seconds"] == 5400.0


def test_what_is_not_due_yet_is_not_late(sqlite_host: Host) -> None:
    sqlite_host.trial(begun=NOON + days(1))
    sqlite_host.at(NOON)

    assert status(sqlite_host.subs.runtime)["oldest_due_seconds"] == 0.0


def test_the_last_success_is_not_hidden_by_a_later_failure(sqlite_host: Host) -> None:
    sqlite_host.at(NOON)
    sqlite_host.check(NOON)
    sqlite_host.trial(begun=NOON + timedelta(hours=1))
    sqlite_host.script(RuntimeError("a fault of the transport"))

    with pytest.raises(RuntimeError, match="a fault"):
        sqlite_host.check(NOON + timedelta(hours=1))

    assert status(sqlite_host.subs.runtime)["jobs"]["trial-check"] == {
        "last_run": "2026-12-01T13:00:00Z",
        "last_success": "2026-12-01T12:00:00Z",
        "outcome": "failed",
    }


def test_a_run_under_way_has_no_outcome_yet(sqlite_host: Host) -> None:
    sqlite_host.trial()
    found = []
    sqlite_host.subs.suspend_workspaces(
        lambda account_id, operation: found.append(status(sqlite_host.subs.runtime)["jobs"]["trial-check"]["outcome"])
    )

    sqlite_host.check(NOON + days(14))

    assert found == [None]


def test_an_accounts_story_tells_why_an_email_has_not_gone(sqlite_host: Host) -> None:
    sqlite_host.trial("7")
    sqlite_host.script(Verdict.DEFERRED)
    sqlite_host.deliver(NOON)

    story = account(sqlite_host.subs.runtime, "7")

    assert story is not None
    [effect] = story["effects"]
    assert (effect["state"], effect["attempts"], effect["last_error"]) == ("pending", 1, "was deferred")


def test_an_account_that_was_never_here_has_no_story(sqlite_host: Host) -> None:
    assert account(sqlite_host.subs.runtime, "7") is None
