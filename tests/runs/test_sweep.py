from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from flask_subscription_ops import Contact
from flask_subscription_ops.errors import DatabaseUnreachable
from flask_subscription_ops.models import AuditEntry, JobRun, Subscription
from flask_subscription_ops.runs.run import Run

from ..customers import add_trials
from ..database.contention import in_the_way
from ..hosts import NOON, Host, days
from ..unreadable import FIRST, LAST
from ..unreadable import spoil as spoil_instant

A_WEEK_BEFORE, END = NOON + days(7), NOON + days(14)


def test_an_account_whose_contact_cannot_be_asked_for_stops_nobody_else(host: Host) -> None:
    for number in range(1, 6):
        host.trial(str(number))
    broken = {"3"}
    host.subs.contacts(_contacts(broken))

    report = host.check(A_WEEK_BEFORE, deliver=False)

    assert (report.examined, report.changed, report.failed) == (5, 4, 1)
    error = "the contacts hook failed: RuntimeError: the directory is away"
    assert report.failures == [{"subject": "sub-3", "error": error}]
    assert report.outcome.exit_code == 1
    assert _reminded(host) == [1, 2, 4, 5]


def test_a_row_that_another_session_holds_is_stepped_over(host: Host) -> None:
    if host.db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one lock for all rows")
    for number in range(1, 4):
        host.trial(str(number))
    with Session(host.db.engine) as other:
        other.get(Subscription, 2, with_for_update=True)

        report = host.check(END, deliver=False)

        assert (report.changed, report.failed) == (2, 0)
        assert _statuses(host) == ["expired", "trialing", "expired"]
    assert host.check(END, deliver=False).changed == 1


def test_a_row_that_changed_after_it_was_found_is_left_alone(host: Host) -> None:
    for number in range(1, 4):
        host.trial(str(number))

    def ask(account_ids: Sequence[str]) -> Mapping[str, Contact]:
        if "2" in account_ids:
            host.subs.cancel(host.subs.get("2"), at_period_end=False)
            host.db.session.commit()
        return {account_id: Contact("a@b.example") for account_id in account_ids}

    host.subs.contacts(ask)

    report = host.check(A_WEEK_BEFORE, deliver=False)

    assert (report.changed, report.failed) == (2, 0)
    assert _reminded(host) == [1, 3]


@pytest.mark.parametrize("change", ["subscribe", "extend_trial"])
def test_a_row_that_changed_between_the_look_and_the_lock_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch, host: Host, change: str
) -> None:
    for number in range(1, 4):
        host.trial(str(number))
    changes = {
        "subscribe": lambda: host.subs.subscribe("2", "pro"),
        "extend_trial": lambda: host.subs.extend_trial(host.subs.get("2"), days=1),
    }
    _before_the_lock(monkeypatch, lambda: (changes[change](), host.db.session.commit()))

    report = host.check(END, deliver=False)

    assert report.failures == []
    assert _statuses(host) == ["expired", "active" if change == "subscribe" else "trialing", "expired"]


@pytest.mark.parametrize(("column", "which"), [("trial_ends_at", FIRST), ("ended_at", LAST)])
def test_a_row_that_cannot_be_read_stops_nobody_else(host: Host, column: str, which: int) -> None:
    for number in range(1, 4):
        host.trial(str(number))
    spoil_instant(host, "subs_subscriptions", column, "2", which)

    report = host.check(END, deliver=False)

    assert (report.examined, report.changed) == (3, 2)
    assert [failure["subject"] for failure in report.failures] == ["sub-2"]
    assert _statuses(host) == ["expired", "trialing", "expired"]


def test_a_row_whose_look_cannot_be_read_stops_no_reminder(host: Host) -> None:
    for number in range(1, 4):
        host.trial(str(number))
    spoil_instant(host, "subs_subscriptions", "reminder_due_at", "2", FIRST)

    report = host.check(A_WEEK_BEFORE, deliver=False, limit=3)

    assert (report.examined, [failure["subject"] for failure in report.failures]) == (3, ["sub-2"])
    assert _reminded(host) == [1, 3]


def test_a_row_that_failed_is_handled_when_its_fault_is_mended(sqlite_host: Host) -> None:
    for number in range(1, 4):
        sqlite_host.trial(str(number))
    broken = {"3"}
    sqlite_host.subs.contacts(_contacts(broken))
    sqlite_host.check(A_WEEK_BEFORE, deliver=False)

    broken.clear()
    report = sqlite_host.check(A_WEEK_BEFORE, deliver=False)

    assert (report.examined, report.changed, report.failed) == (1, 1, 0)
    assert _reminded(sqlite_host) == [1, 2, 3]


def test_a_row_that_cannot_be_written_stops_nobody_else(host: Host) -> None:
    for number in range(1, 6):
        host.trial(str(number))
    spoil(host, 3)

    report = host.check(END, deliver=False)

    assert (report.examined, report.changed, report.failed) == (5, 4, 1)
    assert report.failures == [{"subject": "sub-3", "error": "IntegrityError"}]
    assert _statuses(host) == ["expired", "expired", "trialing", "expired", "expired"]
    assert "trial-expired:sub-3:2026-12-15" not in host.effects()  # nothing of the failed row was kept


@pytest.mark.parametrize("dry_run", [False, True])
def test_what_meets_another_worker_is_done_again_and_is_no_failure(host: Host, dry_run: bool) -> None:
    for number in range(1, 4):
        host.trial(str(number))

    with in_the_way(host.db.engine, times=3) as met:
        report = host.check(END, deliver=False, dry_run=dry_run)

    assert (len(met), report.examined, report.changed, report.failed) == (3, 3, 3, 0)
    assert report.tally.queued == {"trial_expired": 3, "suspend_workspaces": 3}
    assert len(report.planned) == (3 if dry_run else 0)


def test_a_worker_that_never_leaves_ends_the_run_and_fails_no_row(make: Callable[..., Host]) -> None:
    host = make(SUBS_DATABASE_TIMEOUT=0.3)
    host.trial()

    with in_the_way(host.db.engine, times=1000), pytest.raises(DatabaseUnreachable, match="locked by another process"):
        host.check(END, deliver=False)

    last = host.db.session.query(JobRun).one()
    assert (last.outcome, last.failed) == ("failed", 0)
    assert host.check(END, deliver=False).changed == 1


def test_a_row_that_could_not_be_written_is_ended_when_it_can(sqlite_host: Host) -> None:
    trial = sqlite_host.trial()
    spoil(sqlite_host, 1)
    sqlite_host.check(END)

    sqlite_host.db.session.execute(delete(_audit()).where(_audit().c.cause == "spoilt"))
    sqlite_host.db.session.commit()
    report = sqlite_host.check(END + days(3))

    assert (report.changed, sqlite_host.reload(trial).status, sqlite_host.stopped) == (1, "expired", ["1"])


def test_the_error_of_a_failed_row_tells_nothing_personal(sqlite_host: Host) -> None:
    sqlite_host.trial("secret-account")
    spoil(sqlite_host, 1)

    report = sqlite_host.check(END)

    assert "secret-account" not in str(report.to_dict()["failures"])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_every_due_row_is_handled_once_whatever_the_batch_size(make_on_sqlite: Callable[..., Host], size: int) -> None:
    host = make_on_sqlite(SUBS_BATCH_SIZE=size)
    add_trials(host, 1, 4, ends=END, look=NOON)
    add_trials(host, 5, 3, ends=END - days(1), look=NOON)

    report = host.check(END, deliver=False)

    assert (report.examined, report.changed) == (7, 7)
    assert _statuses(host) == ["expired"] * 7


def test_reminders_are_swept_in_batches_too(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(SUBS_BATCH_SIZE=2)
    add_trials(host, 1, 7, ends=END, look=NOON)

    report = host.check(A_WEEK_BEFORE, deliver=False)

    assert (report.examined, report.changed) == (7, 7)
    assert _reminded(host) == [1, 2, 3, 4, 5, 6, 7]


def test_a_failed_row_does_not_hold_up_the_batches_behind_it(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(SUBS_BATCH_SIZE=2)
    add_trials(host, 1, 7, ends=END, look=NOON)
    host.subs.contacts(_contacts({"1", "2", "5"}))

    report = host.check(A_WEEK_BEFORE, deliver=False)

    assert (report.examined, report.failed) == (7, 3)
    assert _reminded(host) == [3, 4, 6, 7]


def test_a_limit_is_the_number_of_rows_a_run_looks_at(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(SUBS_BATCH_SIZE=2)
    add_trials(host, 1, 5, ends=END, look=NOON)
    add_trials(host, 6, 3, ends=END + days(5), look=NOON)

    reports = [host.check(END, deliver=False, limit=3) for _ in range(3)]

    assert [report.examined for report in reports] == [3, 3, 2]
    assert _statuses(host) == ["expired"] * 5 + ["trialing"] * 3
    assert _reminded(host) == [6, 7, 8]


def test_the_longest_overdue_come_first_under_a_limit(sqlite_host: Host) -> None:
    add_trials(sqlite_host, 1, 1, ends=END)
    add_trials(sqlite_host, 2, 1, ends=END - days(5))
    add_trials(sqlite_host, 3, 1, ends=END - days(2))

    sqlite_host.check(END, deliver=False, limit=2)

    assert _statuses(sqlite_host) == ["trialing", "expired", "expired"]


def test_a_row_that_waits_for_a_later_hour_is_not_looked_at_again_until_then(sqlite_host: Host) -> None:
    add_trials(sqlite_host, 1, 3, ends=END, look=NOON)

    first = sqlite_host.check(NOON + days(1))
    second = sqlite_host.check(NOON + days(1))

    assert (first.examined, first.changed, first.skipped) == (3, 0, 3)
    assert second.examined == 0


def spoil(host: Host, subscription_id: int) -> None:
    """Put an entry where the next change of the subscription must write its own."""
    row = {
        "at": NOON,
        "account_id": "?",
        "subscription_id": subscription_id,
        "version": 2,
        "to_status": "trialing",
        "cause": "spoilt",
        "actor": "test",
        "details": {},
    }
    host.db.session.execute(insert(_audit()).values(**row))
    host.db.session.commit()


def _audit():  # type: ignore[no-untyped-def]  # a Table, past the model that refuses changes
    return AuditEntry.__table__


def _contacts(broken: set[str]) -> Callable[[Sequence[str]], Mapping[str, Contact]]:
    def contacts(account_ids: Sequence[str]) -> Mapping[str, Contact]:
        if broken & set(account_ids):
            raise RuntimeError("the directory is away")
        return {key: Contact(f"{key}@customer.example") for key in account_ids}

    return contacts


def _before_the_lock(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Let a view change something after a run has found its rows, and before it locks them."""
    usual = Run.in_transaction

    def late(run: Run, work: Callable[[Session], Any]) -> Any:
        monkeypatch.undo()
        change()
        return usual(run, work)

    monkeypatch.setattr(Run, "in_transaction", late)


def _reminded(host: Host) -> list[int]:
    return sorted(int(key.split(":")[1][4:]) for key in host.effects() if key.startswith("trial-reminder"))


def _statuses(host: Host) -> list[str]:
    host.db.session.rollback()
    return list(host.db.session.execute(host.db.text("SELECT status FROM subs_subscriptions ORDER BY id")).scalars())
