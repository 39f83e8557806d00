"""The channels take turns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pytest

from flask_subscription_ops import Contact, Operation
from flask_subscription_ops.errors import ConfigurationError, Unreachable
from flask_subscription_ops.mail.base import Email, Outcome
from flask_subscription_ops.outbox import run_operations, send_emails
from flask_subscription_ops.testing import UNREACHABLE, ScriptedTransport

from ..hosts import NOON, Host
from .waiting import operations_of

ACCOUNTS = 7


@pytest.fixture(autouse=True)
def small_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_operations, "CLAIM_SIZE", 2)
    monkeypatch.setattr(send_emails, "CLAIM_SIZE", 3)


@pytest.fixture
def diary() -> list[str]:
    """What was done, in its order: an operation or an email."""
    return []


@pytest.fixture
def busy(host: Host, diary: list[str]) -> Host:
    """A host with an email and an operation due for each account."""

    class Noted(ScriptedTransport):
        def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
            for outcome in super().send(emails):
                diary.append("email")
                yield outcome

    def suspend(account_id: str, operation: Operation) -> None:
        diary.append("operation")

    host.subs.suspend_workspaces(suspend)
    host.subs.runtime.transport = Noted()
    for number in range(ACCOUNTS):
        operations_of(host, str(number), products=("a",))
    return host


def test_no_channel_waits_until_another_one_is_empty(busy: Host, diary: list[str]) -> None:
    busy.deliver(NOON)

    turns = ["operation"] * 2 + ["email"] * 3
    assert diary == turns * 2 + ["operation"] * 2 + ["email"] + ["operation"]


def test_a_channel_whose_other_side_is_away_holds_up_no_other(busy: Host, diary: list[str]) -> None:
    def suspend(account_id: str, operation: Operation) -> None:
        raise Unreachable("the provisioner is away")

    busy.subs.suspend_workspaces(suspend)

    assert (busy.deliver(NOON).deferred, diary) == (ACCOUNTS, ["email"] * ACCOUNTS)


def test_operations_that_cannot_be_reached_hold_up_none_behind_them(busy: Host) -> None:
    served: list[str] = []

    def suspend(account_id: str, operation: Operation) -> None:
        if account_id != str(ACCOUNTS - 1):
            raise Unreachable("the machine of this account is away")
        served.append(account_id)

    busy.subs.suspend_workspaces(suspend)
    report = busy.deliver(NOON)

    assert (served, report.outcome.exit_code, report.deferred) == ([str(ACCOUNTS - 1)], 0, ACCOUNTS - 1)


def test_accounts_that_the_contacts_hook_fails_for_hold_up_none_behind_them(
    busy: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_emails, "CLAIM_SIZE", 2)

    def contacts(account_ids: Sequence[str]) -> Mapping[str, Contact]:
        if set(account_ids) - {str(ACCOUNTS - 1)}:
            raise OSError("the directory of these accounts is away")
        return {account_id: Contact("a@customer.example") for account_id in account_ids}

    busy.subs.contacts(contacts)
    busy.deliver(NOON)

    assert busy.effects()[f"subscribed:sub-{ACCOUNTS}:1"] == "done"


def test_a_mail_server_that_is_away_holds_up_no_operation(busy: Host, diary: list[str]) -> None:
    busy.script(UNREACHABLE)

    assert (busy.deliver(NOON).deferred, diary) == (ACCOUNTS, ["operation"] * ACCOUNTS)


def test_a_channel_that_is_not_set_up_is_named_when_the_others_are_done(busy: Host, diary: list[str]) -> None:
    def contacts(account_ids: Sequence[str]) -> Mapping[str, Contact]:
        raise ConfigurationError(["no contacts: register them"])

    busy.subs.contacts(contacts)

    with pytest.raises(ConfigurationError, match="no contacts"):
        busy.deliver(NOON)

    assert diary == ["operation"] * ACCOUNTS
    assert list(busy.effects().values()).count("pending") == ACCOUNTS


def test_a_limit_is_shared_by_the_channels(busy: Host, diary: list[str]) -> None:
    busy.deliver(NOON, limit=6)

    assert diary == ["operation"] * 2 + ["email"] * 3 + ["operation"]
