"""A row that cannot be read is named where people look for it, and hides no other."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from ..hosts import NOON, Host
from ..unreadable import FIRST, LAST, spoil, spoil_where
from .test_usage import run


@pytest.fixture
def trials(host: Host) -> Host:
    """Three trials, each with its first email."""
    for account_id in "123":
        host.trial(account_id)
    host.at(NOON)
    return host


@pytest.mark.parametrize("which", [FIRST, LAST])
@pytest.mark.parametrize("column", ["due_at", "created_at"])
def test_the_outbox_lists_the_others_and_names_it(trials: Host, column: str, which: int) -> None:
    spoil(trials, "subs_outbox", column, "2", which)

    listed = run(trials, "outbox", "list")
    documents = [json.loads(line) for line in run(trials, "outbox", "list", "--json").stdout.splitlines()]

    assert (listed.exit_code, len(listed.stdout.splitlines())) == (0, 3)
    [line] = [line for line in listed.stdout.splitlines() if " cannot be read" in line]
    assert f"trial-started:sub-2:2026-12-15  tried 0  {column} cannot be read: " in line
    assert sorted(document["account_id"] for document in documents) == ["1", "2", "3"]
    [broken] = [document for document in documents if "fault" in document]
    assert (broken["effect_key"], broken[column]) == ("trial-started:sub-2:2026-12-15", None)


def test_a_dry_run_of_deliver_plans_the_others_and_fails_it_as_the_real_run_does(trials: Host) -> None:
    spoil(trials, "subs_outbox", "created_at", "2", LAST)

    planned = run(trials, "deliver", "--dry-run", "--json")
    report = json.loads(planned.stdout)
    real = trials.deliver(NOON)

    assert [plan["account"] for plan in report["planned"]] == ["1", "3"]
    assert (planned.exit_code, real.outcome.exit_code) == (1, 1)
    assert [failure["subject"] for failure in report["failures"]] == [failure["subject"] for failure in real.failures]
    assert (report["examined"], report["effects"]["failed"]) == (2, real.to_dict()["effects"]["failed"])


@pytest.mark.parametrize("table", ["subs_subscriptions", "subs_outbox"])
def test_show_tells_the_rest_of_an_accounts_story(trials: Host, table: str) -> None:
    spoil(trials, table, "created_at", "2", LAST)

    story = run(trials, "show", "2")
    document = json.loads(run(trials, "show", "2", "--json").stdout)

    assert story.exit_code == 0
    assert "created_at cannot be read: " in story.stdout
    assert "sub-2: pro is trialing, access" in story.stdout
    assert "trial-started:sub-2:2026-12-15" in story.stdout
    assert "trial_started by app" in story.stdout
    rows = document["subscriptions"] + document["effects"] + document["audit"]
    assert [row["created_at"] for row in rows if "fault" in row] == [None]


def test_show_and_audit_tell_of_an_entry_whose_instant_cannot_be_read(trials: Host) -> None:
    spoil(trials, "subs_audit", "at", "2", LAST)

    story = run(trials, "show", "2")
    entries = [json.loads(line) for line in run(trials, "audit").stdout.splitlines()]

    assert (story.exit_code, "  unreadable  - -> trialing" in story.stdout) == (0, True)
    assert [(entry["account"], "fault" in entry) for entry in entries] == [("1", False), ("2", True), ("3", False)]


def test_verify_names_an_entry_that_cannot_be_read_and_checks_the_others(trials: Host) -> None:
    spoil(trials, "subs_audit", "at", "2", LAST)
    trials.db.session.execute(text("UPDATE subs_audit SET actor = 'somebody' WHERE account_id = '3'"))
    trials.db.session.commit()

    verified = run(trials, "audit", "--verify")

    found = verified.stdout.splitlines()
    assert (verified.exit_code, len(found), found[-1]) == (1, 3, "2 problems")
    assert found[0].startswith("sub-2: entry 1: at cannot be read: ")
    assert found[1] == "sub-3: entry 1 was rewritten, or stands where another one was"


def test_verify_names_an_entry_about_no_subscription_that_cannot_be_read(trials: Host) -> None:
    trials.deliver(NOON)
    trials.db.session.execute(text("UPDATE subs_deployment SET name = 'another'"))
    trials.db.session.commit()
    run(trials, "deployment", "adopt")
    spoil_where(trials, "subs_audit", "at", "subscription_id IS NULL", LAST)

    verified = run(trials, "audit", "--verify")

    assert (verified.exit_code, len(verified.stdout.splitlines())) == (1, 2)
    assert verified.stdout.startswith("entries about no subscription: entry 1: at cannot be read: ")
