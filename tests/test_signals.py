from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update

from flask_subscription_ops.models import Subscription
from flask_subscription_ops.signals import effect_failed, job_finished, subscription_changed

from .hosts import NOON, Host, days


class Heard(list[dict[str, Any]]):
    """What a receiver was told, and how many subscriptions `db.session` showed it then."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self.host = host

    def listen(self, app: Any, **facts: Any) -> None:
        self.append({**facts, "app": app, "seen": self.host.db.session.query(Subscription).count()})

    @property
    def causes(self) -> list[str]:
        return [facts["cause"] for facts in self]


@pytest.fixture
def heard(sqlite_host: Host) -> Iterator[Heard]:
    heard = Heard(sqlite_host)
    with subscription_changed.connected_to(heard.listen):
        yield heard


def test_a_change_is_told_after_the_commit_and_not_before(sqlite_host: Host, heard: Heard) -> None:
    sqlite_host.at(NOON)

    trial = sqlite_host.subs.start_trial("1", "pro")
    assert heard == []
    sqlite_host.db.session.commit()

    assert heard == [
        {
            "app": sqlite_host.app,
            "account_id": "1",
            "subscription_id": trial.id,
            "cause": "trial_started",
            "from_status": None,
            "to_status": "trialing",
            "seen": 1,
        }
    ]


def test_the_changes_of_one_transaction_are_told_in_their_order(sqlite_host: Host, heard: Heard) -> None:
    trial = sqlite_host.subs.start_trial("1", "pro")
    sqlite_host.subs.subscribe("1", "pro")
    sqlite_host.subs.pause(trial)
    sqlite_host.db.session.commit()

    assert [(facts["from_status"], facts["to_status"]) for facts in heard] == [
        (None, "trialing"),
        ("trialing", "active"),
        ("active", "paused"),
    ]


def test_nothing_is_told_of_what_was_rolled_back_even_when_the_next_commit_succeeds(
    sqlite_host: Host, heard: Heard
) -> None:
    sqlite_host.subs.start_trial("1", "pro")
    sqlite_host.db.session.rollback()
    sqlite_host.subs.start_trial("2", "pro")
    sqlite_host.db.session.commit()

    assert [facts["account_id"] for facts in heard] == ["2"]


def test_nothing_is_told_when_the_session_is_given_back_without_a_commit(sqlite_host: Host, heard: Heard) -> None:
    sqlite_host.subs.start_trial("1", "pro")
    sqlite_host.db.session.remove()
    sqlite_host.db.session.commit()

    assert heard == []


def test_a_savepoint_that_was_rolled_back_is_not_told_and_the_rest_is(host: Host) -> None:
    heard, session = Heard(host), host.db.session
    with subscription_changed.connected_to(heard.listen):
        host.subs.start_trial("1", "pro")
        savepoint = session.begin_nested()
        host.subs.start_trial("2", "pro")
        inner = session.begin_nested()
        host.subs.start_trial("3", "pro")
        inner.commit()
        savepoint.rollback()
        host.subs.start_trial("4", "pro")
        session.commit()

    assert [facts["account_id"] for facts in heard] == ["1", "4"]


def test_a_kept_savepoint_is_told_with_its_transaction_and_not_before(host: Host) -> None:
    heard, session = Heard(host), host.db.session
    with subscription_changed.connected_to(heard.listen):
        host.subs.start_trial("1", "pro")
        with session.begin_nested():
            host.subs.start_trial("2", "pro")
        assert heard == []
        session.commit()

    assert [facts["account_id"] for facts in heard] == ["1", "2"]


def test_a_kept_savepoint_goes_down_with_its_transaction(host: Host) -> None:
    heard, session = Heard(host), host.db.session
    with subscription_changed.connected_to(heard.listen):
        host.subs.start_trial("1", "pro")
        with session.begin_nested():
            host.subs.start_trial("2", "pro")
        session.rollback()
        session.commit()

    assert heard == []
    assert host.audit() == []


def test_a_receiver_that_raises_disturbs_neither_the_caller_nor_the_other_receivers(
    sqlite_host: Host, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(app: Any, **facts: Any) -> None:
        raise RuntimeError("the CRM is down")

    with subscription_changed.connected_to(fail):
        sqlite_host.trial("1")

    assert heard.causes == ["trial_started"]
    assert sqlite_host.audit() == [(None, "trialing", "trial_started")]
    assert "a receiver of subscription-changed failed" in caplog.text


def test_a_receiver_may_change_a_subscription_itself(sqlite_host: Host, heard: Heard) -> None:
    def pause_at_once(app: Any, *, cause: str, account_id: str, **facts: Any) -> None:
        if cause == "subscribed":
            found = sqlite_host.subs.get(account_id)
            assert found is not None
            sqlite_host.subs.pause(found)
            sqlite_host.db.session.commit()

    with subscription_changed.connected_to(pause_at_once):
        sqlite_host.subs.subscribe("1", "pro")
        sqlite_host.db.session.commit()

    assert sorted(heard.causes) == ["paused", "subscribed"]
    assert sqlite_host.audit() == [(None, "active", "subscribed"), ("active", "paused", "paused")]


def test_a_receiver_can_listen_to_one_app_alone(sqlite_host: Host, heard: Heard) -> None:
    other: list[str] = []

    def listen(app: Any, **facts: Any) -> None:
        other.append(facts["cause"])

    with subscription_changed.connected_to(listen, sender=object()):
        sqlite_host.trial("1")

    assert other == []
    assert heard.causes == ["trial_started"]


def test_a_job_tells_each_change_and_then_that_it_has_finished(sqlite_host: Host, heard: Heard) -> None:
    reports: list[Any] = []

    def finished(app: Any, report: Any) -> None:
        reports.append((app, report.job, report.changed, list(heard.causes)))

    sqlite_host.trial("1")
    heard.clear()
    with job_finished.connected_to(finished):
        sqlite_host.check(NOON + days(14))

    assert reports == [(sqlite_host.app, "trial-check", 1, ["trial_ended"])]


def test_a_dry_run_tells_of_no_change(sqlite_host: Host, heard: Heard) -> None:
    sqlite_host.trial("1")
    heard.clear()

    report = sqlite_host.check(NOON + days(14), dry_run=True, deliver=False)

    assert len(report.planned) == 1
    assert heard == []


def test_a_failed_effect_is_told_with_its_key_and_its_error(sqlite_host: Host) -> None:
    told: list[dict[str, Any]] = []

    def listen(app: Any, **facts: Any) -> None:
        told.append(facts)

    def cannot(account_id: str, operation: Any) -> None:
        raise RuntimeError("no route to host")

    sqlite_host.subs.suspend_workspaces(cannot)
    trial = sqlite_host.trial("1")
    with effect_failed.connected_to(listen):
        sqlite_host.check(NOON + days(14))

    assert told == [
        {
            "effect_key": f"suspend-workspaces:sub-{trial.id}:2",
            "kind": "suspend_workspaces",
            "account_id": "1",
            "state": "pending",
            "error": "RuntimeError: no route to host",
        }
    ]


def test_a_commit_that_fails_tells_nothing(sqlite_host: Host, heard: Heard) -> None:
    session = sqlite_host.db.session
    trial = sqlite_host.subs.start_trial("1", "pro")
    trial.amount = None

    with pytest.raises(Exception, match="amount"):
        session.commit()
    session.rollback()
    session.execute(update(Subscription).values(usage_count=1))
    session.commit()

    assert heard == []
