from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from flask_subscription_ops import Contact
from flask_subscription_ops.models import OutboxMessage
from flask_subscription_ops.outbox.contacts import Asking
from flask_subscription_ops.outbox.send_emails import CLAIM_SIZE

from ..hosts import NOON, Host, days
from .waiting import HASTY


class Directory:
    """A contacts hook that fails, or hangs until the test is over, whenever it is asked for certain accounts."""

    def __init__(self, *accounts: str, hangs: bool = False) -> None:
        self.broken, self.hangs, self.over = set(accounts), hangs, Event()
        self.asked: list[list[str]] = []

    def __call__(self, account_ids: Sequence[str]) -> Mapping[str, Contact]:
        self.asked.append(list(account_ids))
        if self.broken & set(account_ids):
            self._fail()
        return {key: Contact(f"{key}@customer.example") for key in account_ids}

    def _fail(self) -> None:
        if self.hangs:
            self.over.wait(30)
        raise RuntimeError("the directory is away")


def test_accounts_that_the_hook_fails_for_delay_no_other(host: Host) -> None:
    _trials(host, 5)
    directory = Directory("3")
    host.subs.contacts(directory)

    report = host.deliver(NOON)
    directory.broken.clear()
    host.deliver(NOON + days(1))

    assert (report.outcome.exit_code, report.deferred, report.failures) == (0, 1, [])
    assert _served(host) == [f"{n}@customer.example" for n in (1, 2, 4, 5, 3)]


def test_an_account_that_fails_while_others_are_answered_is_dead_in_the_end(make: Callable[..., Host]) -> None:
    host = make(SUBS_MAX_ATTEMPTS=3)
    host.trial("broken")
    host.subs.contacts(Directory("broken"))

    codes = []
    for day in range(4):
        host.trial(f"other-{day}", begun=NOON + days(day))
        codes.append(host.deliver(NOON + days(day)).outcome.exit_code)

    assert (_row(host, "broken").state, _row(host, "broken").attempts) == ("dead", 3)
    assert "the directory is away" in (_row(host, "broken").last_error or "")
    assert codes == [0, 0, 1, 0]


@pytest.mark.parametrize("hanging", [1, 3, 7, 8, 12])
def test_accounts_that_the_hook_hangs_for_delay_no_other(make: Callable[..., Host], hanging: int) -> None:
    host = make(**HASTY | {"SUBS_HOOK_TIMEOUT": 0.9})
    _trials(host, 20)
    directory = Directory(*map(str, range(1, hanging + 1)), hangs=True)
    host.subs.contacts(directory)

    report = host.deliver(NOON)
    directory.over.set()

    assert _served(host) == [f"{n}@customer.example" for n in range(hanging + 1, 21)]
    assert (report.outcome.exit_code, report.deferred) == (0, hanging)


def test_an_account_that_the_hook_hung_for_is_asked_for_apart_from_others(make: Callable[..., Host]) -> None:
    host = make(**HASTY)
    _trials(host, 4)
    directory = Directory("2", hangs=True)
    host.subs.contacts(directory)
    host.deliver(NOON)
    directory.asked.clear()
    _trials(host, 4, first=5)

    host.deliver(NOON + days(1))
    directory.over.set()

    assert directory.asked == [["5", "6", "7", "8"], ["2"]]


def test_a_slow_asking_ends_long_before_the_lease(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(**HASTY)
    _trials(host, 60)
    directory = Directory("1", "2", "3", hangs=True)
    host.subs.contacts(directory)

    report = host.deliver(NOON)
    directory.over.set()

    assert len(_served(host)) == 57
    assert report.seconds < host.subs.settings.lease_seconds + 1


def test_asking_each_alone_ends_as_soon_as_asking_all_at_once(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(**HASTY | {"SUBS_HOOK_TIMEOUT": 0.9})
    directory = Directory(*"12345678", hangs=True)
    host.subs.contacts(directory)
    asking = Asking(host.subs.runtime)
    asking.ask(["1", "2"])
    began = time.monotonic()

    answers = asking.ask([*"12345678"])
    took = time.monotonic() - began
    directory.over.set()

    assert len(answers.failed) + len(answers.unasked) == 8
    assert took < 1.3  # waiting for the last one from its own start would take 1.5


def test_why_a_hook_failed_for_all_at_once_is_said_once_a_run(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    _trials(host, CLAIM_SIZE + 50)
    host.subs.contacts(Directory("1", str(CLAIM_SIZE + 1)))

    with caplog.at_level(logging.WARNING):
        host.deliver(NOON)

    said = [line for line in caplog.messages if "one by one" in line]
    assert said == [
        "the contacts hook failed for 100 accounts together, and answered for 99 of them one by one:"
        " RuntimeError: the directory is away"
    ]


def test_a_hook_that_answers_for_nobody_costs_no_email_a_try(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    _trials(host, 4)
    directory = Directory("1", "2", "3", "4")
    host.subs.contacts(directory)

    with caplog.at_level(logging.WARNING):
        reports = [host.deliver(NOON + timedelta(minutes=minute)) for minute in range(20)]
    directory.broken.clear()
    host.deliver(NOON + timedelta(minutes=20))

    assert {(r.outcome.exit_code, r.deferred, len(r.failures)) for r in reports} == {(0, 4, 0)}
    assert caplog.text.count("the contacts hook does not answer: 4 emails wait") == 20
    assert _served(host) == [f"{n}@customer.example" for n in (1, 2, 3, 4)]


@pytest.mark.parametrize("answer", [None, ["1"], {"1": "a@b.example"}], ids=["nothing", "list", "strings"])
def test_a_hook_that_answers_wrongly_is_one_that_does_not_answer(host: Host, answer: Any) -> None:
    host.trial()
    host.subs.contacts(lambda account_ids: answer)

    report = host.deliver(NOON)

    assert (report.outcome.exit_code, _row(host, "1").state, _row(host, "1").attempts) == (0, "pending", 0)
    assert "must return a mapping" in (_row(host, "1").last_error or "")


def _trials(host: Host, count: int, *, first: int = 1) -> None:
    for number in range(first, first + count):
        host.trial(str(number), begun=NOON + timedelta(microseconds=number - 1000))


def _served(host: Host) -> list[str]:
    return [email.recipient for email in host.subs.mailbox]


def _row(host: Host, account_id: str) -> OutboxMessage:
    host.db.session.rollback()
    return host.db.session.query(OutboxMessage).populate_existing().filter_by(account_id=account_id).one()
