from __future__ import annotations

import pytest
from sqlalchemy import text

from flask_subscription_ops.reports.audit import entries, verify

from ..hosts import NOON, Host, days


@pytest.fixture
def story(sqlite_host: Host) -> Host:
    """Two subscriptions of three changes each, the second of another account."""
    for account_id in "12":
        trial = sqlite_host.trial(account_id)
        sqlite_host.subs.extend_trial(trial, days=1)
        sqlite_host.db.session.commit()
    sqlite_host.check(NOON + days(15))
    return sqlite_host


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        ("DELETE FROM subs_audit WHERE id = 1", "sub-1: entry 1 is missing or repeated, found version 2"),
        (
            "DELETE FROM subs_audit WHERE subscription_id = 1 AND version = 2",
            "sub-1: entry 2 is missing or repeated, found version 3",
        ),
        (
            "DELETE FROM subs_audit WHERE subscription_id = 1 AND version = 3",
            "sub-1: is expired at version 3, the audit ends with trialing at version 2",
        ),
        ("DELETE FROM subs_audit WHERE subscription_id = 1", "sub-1: has no audit at all"),
        (
            "UPDATE subs_audit SET to_status = 'active' WHERE subscription_id = 1 AND version = 2",
            "sub-1: entry 3 begins at trialing, the one before ended at active",
        ),
        (
            "UPDATE subs_audit SET from_status = 'grace' WHERE subscription_id = 1 AND version = 1",
            "sub-1: entry 1 begins at grace, the one before ended at None",
        ),
        (
            "UPDATE subs_audit SET version = 9 WHERE subscription_id = 1 AND version = 3",
            "sub-1: entry 3 is missing or repeated, found version 9",
        ),
        (
            "INSERT INTO subs_audit (at, account_id, subscription_id, version, from_status, to_status, cause, actor,"
            " details) SELECT at, account_id, subscription_id, 4, from_status, to_status, cause, actor, details"
            " FROM subs_audit WHERE subscription_id = 1 AND version = 3",
            "sub-1: entry 4 begins at trialing, the one before ended at expired",
        ),
        (
            "UPDATE subs_subscriptions SET status = 'active', live = 1 WHERE id = 1",
            "sub-1: is active at version 3, the audit ends with expired at version 3",
        ),
        ("DELETE FROM subs_subscriptions WHERE id = 1", "sub-1: has entries, and its subscription is gone"),
    ],
)
def test_verify_names_every_harm(story: Host, harm: str, found: str) -> None:
    story.db.session.execute(text(harm))
    story.db.session.commit()

    problems = list(verify(story.subs.runtime))

    assert found in problems
    assert all(problem.startswith("sub-1: ") for problem in problems)


def test_verify_finds_a_copied_entry_where_the_database_lost_its_unique_key(story: Host) -> None:
    story.db.session.execute(text("CREATE TABLE copied AS SELECT * FROM subs_audit"))
    story.db.session.execute(text("DROP TABLE subs_audit"))
    story.db.session.execute(text("ALTER TABLE copied RENAME TO subs_audit"))
    story.db.session.execute(text("INSERT INTO subs_audit SELECT * FROM subs_audit WHERE id = 2"))
    story.db.session.commit()

    problems = list(verify(story.subs.runtime))

    assert problems == ["sub-1: entry 3 is missing or repeated, found version 2"]


def test_verify_of_one_account_looks_at_no_other(story: Host) -> None:
    story.db.session.execute(text("DELETE FROM subs_audit WHERE id = 1"))
    story.db.session.commit()

    assert len(list(verify(story.subs.runtime, account_id="1"))) == 1
    assert list(verify(story.subs.runtime, account_id="2")) == []


def test_every_change_of_a_busy_life_leaves_a_whole_audit(host: Host) -> None:
    host.at(NOON)
    trial = host.subs.start_trial("1", "pro")
    host.subs.cancel(trial)
    host.subs.resume(trial)
    host.subs.extend_trial(trial, days=3)
    host.subs.subscribe("1", "pro")
    host.subs.pause(trial)
    host.subs.unpause(trial)
    host.subs.cancel(trial, at_period_end=False)
    host.db.session.commit()

    found = list(entries(host.subs.runtime, since=None, account_id="1"))

    assert [entry["version"] for entry in found] == list(range(1, 9))
    assert [entry["cause"] for entry in found] == [
        *["trial_started", "cancel_scheduled", "cancel_withdrawn", "trial_extended"],
        *["subscribed", "paused", "unpaused", "canceled"],
    ]
    assert list(verify(host.subs.runtime)) == []
