from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from flask_subscription_ops.actions.adopt import adopt
from flask_subscription_ops.actions.context import Context
from flask_subscription_ops.models import AuditEntry
from flask_subscription_ops.models.audit import chained
from flask_subscription_ops.reports.audit import entries, verify

from ..hosts import NOON, Host, days


@pytest.fixture
def story(sqlite_host: Host) -> Host:
    """Two subscriptions of three changes each, the second of another account."""
    for account_id in "12":
        trial = sqlite_host.trial(account_id)
        sqlite_host.subs.extend_trial(trial, days=1)
        sqlite_host.db.session.commit()
    sqlite_host.check(NOON + days(15), deliver=False)
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


@pytest.mark.parametrize(
    "rewritten",
    [
        "at = '2026-11-30 12:00:00.000000'",
        "account_id = '9'",
        "cause = 'undone'",
        "actor = 'somebody'",
        "run_id = 77",
        """details = '{"days": 30}'""",
        "hash = NULL",
        "hash = 'x'",
    ],
)
@pytest.mark.parametrize("version", [1, 2, 3])
def test_verify_finds_an_entry_that_was_rewritten(story: Host, version: int, rewritten: str) -> None:
    where = f"subscription_id = 1 AND version = {version}"
    story.db.session.execute(text(f"UPDATE subs_audit SET {rewritten} WHERE {where}"))
    story.db.session.commit()

    [problem] = verify(story.subs.runtime)

    assert problem.startswith("sub-1: entry ")
    assert problem.endswith("was rewritten, or stands where another one was")


def test_verify_finds_a_last_entry_that_was_rewritten_with_its_hash(story: Host) -> None:
    last = story.db.session.query(AuditEntry).filter_by(subscription_id=1, version=3).one()
    before = story.db.session.query(AuditEntry).filter_by(subscription_id=1, version=2).one()
    forged = chained(before.hash, {**last.content(), "actor": "somebody"})
    change = text("UPDATE subs_audit SET actor = 'somebody', hash = :hash WHERE id = :id")
    story.db.session.execute(change, {"hash": forged, "id": last.id})
    story.db.session.commit()

    assert list(verify(story.subs.runtime)) == ["sub-1: its last entry is not the one that was written with it"]


def test_entries_from_before_there_were_hashes_may_begin_a_chain(story: Host) -> None:
    story.db.session.execute(text("UPDATE subs_audit SET hash = NULL"))
    story.db.session.execute(text("UPDATE subs_subscriptions SET audit_hash = NULL"))
    story.db.session.commit()
    story.subs.cancel(story.subs.get("1"), at_period_end=False)
    story.db.session.commit()

    assert list(verify(story.subs.runtime)) == []


def test_an_adoption_is_an_entry_about_no_subscription_in_a_chain_of_its_own(host: Host) -> None:
    host.check(NOON)  # the first run of all stores the name
    for name in ("staging", "rehearsal"):
        settings = replace(host.subs.settings, deployment=name)
        with host.subs.runtime.writing() as session:
            adopt(Context(session, settings, NOON, actor="operator"))

    found = list(entries(host.subs.runtime, since=None, account_id=None))

    assert [(entry["cause"], entry["actor"], entry["subscription"], entry["version"]) for entry in found] == [
        ("adopted", "operator", None, None)
    ] * 2
    assert found[1]["details"] == {"from": "staging", "to": "rehearsal", "epoch": 3}
    assert list(verify(host.subs.runtime)) == []


@pytest.mark.parametrize("harm", ["UPDATE subs_audit SET actor = 'x'", "DELETE FROM subs_audit WHERE id = 2"])
def test_verify_looks_at_the_entries_about_no_subscription_too(sqlite_host: Host, harm: str) -> None:
    test_an_adoption_is_an_entry_about_no_subscription_in_a_chain_of_its_own(sqlite_host)
    sqlite_host.db.session.execute(text(harm))
    sqlite_host.db.session.commit()

    [problem] = verify(sqlite_host.subs.runtime)

    assert problem.startswith("entries about no subscription: ")


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
