from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flask_subscription_ops import Contact
from flask_subscription_ops.models import AuditEntry, OutboxMessage
from flask_subscription_ops.signals import job_finished, subscription_changed

from ..customers import contents
from ..hosts import NOON, Host, days
from .test_sweep import spoil

NOW = NOON + days(14)


@pytest.fixture
def busy(host: Host) -> Host:
    """A host with something of everything."""
    for account_id, begun in {"ends": 0, "cancels": 0, "pays": 0, "three": 3, "seven": 7, "new": 13, "gone": 7}.items():
        host.trial(account_id, begun=NOON + days(begun), payment_method="pm" if account_id == "pays" else None)
    host.known["gone"] = None
    cancels = host.subs.get("cancels")
    assert cancels is not None
    host.subs.cancel(cancels)
    host.db.session.commit()
    host.deliver(NOW - days(1))
    host.operations.clear()
    host.subs.mailbox.clear()
    return host


def test_a_dry_run_lists_exactly_what_the_real_run_then_does(busy: Host) -> None:
    effects, entries = set(busy.effects()), len(busy.audit())
    planned = busy.check(NOW, dry_run=True)

    real = busy.check(NOW, deliver=False)

    assert sorted(key for plan in planned.planned for key in plan["effects"]) == sorted(set(busy.effects()) - effects)
    assert [(plan["account"], plan["cause"], plan["from"], plan["to"]) for plan in planned.planned if "to" in plan] == [
        (entry.account_id, entry.cause, entry.from_status, entry.to_status)
        for entry in busy.db.session.query(AuditEntry).order_by(AuditEntry.id).offset(entries)
    ]
    assert _counts(planned) == _counts(real)
    assert len(planned.planned) >= 5


def test_a_dry_run_writes_nothing_and_calls_nobody(busy: Host) -> None:
    before = contents(busy)
    told: list[Any] = []

    def tell(sender: Any, **facts: Any) -> None:
        told.append(facts)

    with subscription_changed.connected_to(tell):
        report = busy.check(NOW, dry_run=True)

    assert contents(busy) == before
    assert (busy.operations, busy.subs.mailbox, told) == ([], [], [])
    assert (report.dry_run, report.run_id) == (True, None)


def test_a_dry_run_of_deliver_lists_what_is_due_and_sends_nothing(sqlite_host: Host) -> None:
    for number in range(3):
        sqlite_host.trial(str(number), begun=NOON + days(number))
    before = contents(sqlite_host)

    report = sqlite_host.deliver(NOON + days(1), dry_run=True)

    assert [plan["effects"] for plan in report.planned] == [
        ["trial-started:sub-1:2026-12-15"],
        ["trial-started:sub-2:2026-12-16"],
    ]
    assert contents(sqlite_host) == before
    assert sqlite_host.subs.mailbox == []


def test_a_dry_run_of_another_job_lists_what_its_delivery_would_send_and_nothing_else(host: Host) -> None:
    host.trial("ends")
    host.trial("new", begun=NOON + days(13))
    host.trial("later", begun=NOON + days(20))
    host.trial("gone", begun=NOON + days(13))
    host.trial("mute", begun=NOON + days(13))
    host.known |= {"gone": None, "mute": Contact("")}

    planned = host.check(NOW, dry_run=True)
    without_delivery = host.check(NOW, dry_run=True, deliver=False)
    real = host.check(NOW)

    keys = [key for plan in planned.planned for key in plan["effects"]]
    ended = ["trial-expired:sub-1:2026-12-15", "suspend-workspaces:sub-1:2"]
    assert keys == [*ended, "trial-started:sub-2:2026-12-28"]
    assert [key for plan in without_delivery.planned for key in plan["effects"]] == ended
    assert real.tally.delivered.total() == len(keys)
    assert planned.examined == real.examined == 1


def test_a_dry_run_lists_no_reminder_that_a_more_urgent_one_overtook(host: Host) -> None:
    host.trial("1")
    host.deliver(NOON)
    host.check(NOON + days(7), deliver=False)

    planned = host.check(NOON + days(11), dry_run=True)
    real = host.check(NOON + days(11))

    assert [plan["effects"] for plan in planned.planned] == [["trial-reminder:sub-1:2026-12-15:3"]]
    assert (real.tally.delivered, real.tally.superseded) == ({"trial_reminder": 1}, {"trial_reminder": 1})


def test_a_dry_run_lists_no_operation_that_a_newer_one_replaces(host: Host) -> None:
    host.trial("1", days=2)
    host.check(NOON + days(2), deliver=False)
    host.trial("1", begun=NOON + days(3), days=2)

    waiting = host.deliver(NOON + days(4), dry_run=True)
    ending = host.check(NOON + days(5), dry_run=True)
    real = host.check(NOON + days(5))

    operations = [key for report in (waiting, ending) for key in _operations(report)]
    assert operations == ["resume-workspaces:sub-2:1", "suspend-workspaces:sub-2:2"]
    assert real.tally.delivered["suspend_workspaces"] == 1
    assert real.tally.delivered["resume_workspaces"] == 0


def _operations(report: Any) -> list[str]:
    return [key for plan in report.planned for key in plan["effects"] if "-workspaces:" in key]


def test_a_dry_run_does_not_list_a_reminder_that_is_queued_already(sqlite_host: Host) -> None:
    trial = sqlite_host.trial()
    sqlite_host.check(NOON + days(7))
    trial.trial_ends_at = sqlite_host.reload(trial).trial_ends_at  # as a form does that saves every field
    sqlite_host.db.session.commit()

    dry = sqlite_host.check(NOON + days(8), dry_run=True)
    real = sqlite_host.check(NOON + days(8))

    assert (dry.planned, _counts(dry)) == ([], _counts(real))


def test_a_dry_run_names_the_rows_that_a_real_run_fails_at(sqlite_host: Host) -> None:
    for number in range(3):
        sqlite_host.trial(str(number))
    spoil(sqlite_host, 2)

    dry = sqlite_host.check(NOW, dry_run=True, deliver=False)
    real = sqlite_host.check(NOW, deliver=False)

    assert dry.failures == real.failures == [{"subject": "sub-2", "error": "IntegrityError"}]
    assert [plan["subject"] for plan in dry.planned] == ["sub-1", "sub-3"]


def test_a_dry_run_obeys_a_limit(sqlite_host: Host) -> None:
    for number in range(5):
        sqlite_host.trial(str(number))

    report = sqlite_host.check(NOW, dry_run=True, limit=2, deliver=False)

    assert (report.examined, len(report.planned)) == (2, 2)


def test_a_dry_run_looks_ahead_without_leave_to_travel(make_on_sqlite: Any) -> None:
    host = make_on_sqlite(SUBS_ALLOW_TIME_TRAVEL=False)
    host.trial()

    report = host.check(NOW, dry_run=True)

    assert [plan["cause"] for plan in report.planned] == ["trial_ended"]


def test_a_dry_run_is_told_of_as_one(sqlite_host: Host) -> None:
    told: list[Any] = []

    def tell(sender: Any, report: Any) -> None:
        told.append((report.job, report.dry_run))

    with job_finished.connected_to(tell):
        sqlite_host.check(NOON, dry_run=True)

    assert told == [("trial-check", True)]


def test_planned_reminders_say_what_and_to_whom(sqlite_host: Host) -> None:
    sqlite_host.trial("acme")

    report = sqlite_host.check(NOON + days(7) + timedelta(hours=1), dry_run=True, deliver=False)

    assert report.planned == [
        {
            "subject": "sub-1",
            "account": "acme",
            "cause": "trial_reminder",
            "effects": ["trial-reminder:sub-1:2026-12-15:7"],
        }
    ]
    assert sqlite_host.db.session.query(OutboxMessage).filter_by(kind="trial_reminder").count() == 0


def _counts(report: Any) -> tuple[Any, ...]:
    return (report.examined, report.changed, report.skipped, report.failed, report.tally.queued)
