from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from threading import Event

import pytest

from flask_subscription_ops import Contact

from ..customers import add_trials
from ..hosts import NOON, Host, days
from ..outbox.waiting import HASTY

A_WEEK_BEFORE, END = NOON + days(7), NOON + days(14)


class Directory:
    """A contacts hook that fails, or hangs until the test is over, where it is asked for certain accounts."""

    def __init__(self, broken: Callable[[str], bool], *, hangs: bool = False) -> None:
        self.broken, self.hangs, self.over, self.calls = broken, hangs, Event(), 0

    def __call__(self, account_ids: Sequence[str]) -> Mapping[str, Contact]:
        self.calls += 1
        if any(map(self.broken, account_ids)):
            if self.hangs:
                self.over.wait(30)
            raise RuntimeError("the directory is away")
        return {account_id: Contact(f"{account_id}@customer.example") for account_id in account_ids}


def everybody(account_id: str) -> bool:
    return True


def test_a_hook_that_fails_for_everybody_is_one_line_and_no_failure(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    add_trials(host, 1, 5, ends=END, look=NOON)
    host.subs.contacts(Directory(everybody))

    with caplog.at_level(logging.WARNING):
        report = host.check(A_WEEK_BEFORE)

    assert (report.outcome.exit_code, report.failed, report.failures) == (0, 0, [])
    assert (report.examined, report.changed, report.deferred) == (5, 0, 5)
    assert [record.getMessage() for record in caplog.records] == [
        "the contacts hook does not answer: 5 subscriptions wait (RuntimeError: the directory is away)"
    ]


def test_what_waited_for_the_hook_is_done_when_it_answers(sqlite_host: Host) -> None:
    add_trials(sqlite_host, 1, 5, ends=END, look=NOON)
    directory = Directory(everybody)
    sqlite_host.subs.contacts(directory)
    sqlite_host.check(A_WEEK_BEFORE, deliver=False)

    directory.broken = lambda account_id: False
    report = sqlite_host.check(A_WEEK_BEFORE, deliver=False)

    assert (report.examined, report.changed, report.deferred) == (5, 5, 0)


def test_one_due_account_that_fails_alone_proves_no_fault_of_its_own(sqlite_host: Host) -> None:
    sqlite_host.trial("1")
    sqlite_host.subs.contacts(Directory(everybody))

    report = sqlite_host.check(A_WEEK_BEFORE, deliver=False)

    assert (report.outcome.exit_code, report.failed, report.deferred) == (0, 0, 1)


def test_accounts_that_failed_before_others_were_answered_are_failed_all_the_same(
    make_on_sqlite: Callable[..., Host],
) -> None:
    host = make_on_sqlite(SUBS_BATCH_SIZE=2)
    add_trials(host, 1, 6, ends=END, look=NOON)
    host.subs.contacts(Directory(lambda account_id: account_id in {"1", "2"}))

    report = host.check(A_WEEK_BEFORE, deliver=False)

    assert (report.examined, report.changed, report.failed, report.deferred) == (6, 4, 2, 0)
    assert [failure["subject"] for failure in report.failures] == ["sub-1", "sub-2"]


def test_a_hook_that_is_away_is_not_asked_for_every_customer(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(SUBS_BATCH_SIZE=2)
    add_trials(host, 1, 40, ends=END, look=NOON)
    directory = Directory(everybody)
    host.subs.contacts(directory)

    report = host.check(A_WEEK_BEFORE, deliver=False)

    assert directory.calls == 3 * (1 + 2)  # three chunks, each together and then one by one
    assert (report.examined, report.deferred) == (6, 6)


def test_accounts_that_the_hook_hangs_for_delay_no_other(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(**HASTY)
    add_trials(host, 1, 12, ends=END, look=NOON)
    directory = Directory(lambda account_id: account_id in {"1", "5"}, hangs=True)
    host.subs.contacts(directory)

    report = host.check(A_WEEK_BEFORE, deliver=False)
    directory.over.set()

    assert (report.examined, report.changed) == (12, 10)
    assert [failure["subject"] for failure in report.failures] == ["sub-1", "sub-5"]
    assert all("cut off after 0.2 s" in failure["error"] for failure in report.failures)


def test_a_hook_that_hangs_for_everybody_puts_off_what_it_was_not_asked_for(
    make_on_sqlite: Callable[..., Host],
) -> None:
    host = make_on_sqlite(**HASTY)
    add_trials(host, 1, 30, ends=END, look=NOON)
    directory = Directory(everybody, hangs=True)
    host.subs.contacts(directory)

    report = host.check(A_WEEK_BEFORE, deliver=False)
    directory.over.set()

    assert (report.outcome.exit_code, report.examined, report.deferred) == (0, 30, 30)


def test_a_limit_counts_the_subscriptions_that_wait_too(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(SUBS_BATCH_SIZE=2)
    add_trials(host, 1, 9, ends=END, look=NOON)
    host.subs.contacts(Directory(everybody))

    assert host.check(A_WEEK_BEFORE, deliver=False, limit=3).deferred == 3
