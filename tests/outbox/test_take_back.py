from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from flask_subscription_ops.actions.context import context_of
from flask_subscription_ops.actions.effects import retry
from flask_subscription_ops.domain.retry import EffectState
from flask_subscription_ops.models import OutboxMessage
from flask_subscription_ops.outbox.claim import Part, claim_emails
from flask_subscription_ops.outbox.delivery import Delivery
from flask_subscription_ops.outbox.settle import Ledger
from flask_subscription_ops.outbox.take_back import take_back
from flask_subscription_ops.outbox.tally import Tally
from flask_subscription_ops.testing import end_leases

from ..hosts import NOON, Host


def test_a_rescuer_steps_over_what_another_one_holds(make: Callable[..., Host]) -> None:
    host = make(SUBS_DATABASE_TIMEOUT=3)
    if host.db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one lock for all rows")
    host.trial("1")
    host.trial("2")
    _claim_and_die(host)
    with Session(host.db.engine) as other:
        other.scalar(select(OutboxMessage).where(OutboxMessage.account_id == "1").with_for_update())

        take_back(_delivery(host))

        assert _states(host) == {"1": "sending", "2": "pending"}
    take_back(_delivery(host))
    assert _states(host) == {"1": "pending", "2": "pending"}


def test_a_lock_that_others_hold_too_long_is_no_fault_of_the_rows(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.trial("1")
    host.trial("2")
    _claim_and_die(host)
    delivery, usual = _delivery(host), host.subs.runtime.in_transaction
    locked = [OperationalError(None, None, Exception("database is locked"))] * 2  # later calls find it free

    def in_transaction(work: Callable[[Session], Any]) -> Any:
        if locked:
            raise locked.pop()
        return usual(work)

    monkeypatch.setattr(host.subs.runtime, "in_transaction", in_transaction)
    with pytest.raises(OperationalError):
        take_back(delivery)

    assert (_states(host), delivery.tally.failures) == ({"1": "sending", "2": "sending"}, [])


def test_what_was_rescued_is_not_rescued_again(host: Host) -> None:
    host.trial("1")
    _claim_and_die(host)
    take_back(_delivery(host))
    claim = claim_emails(host.subs.runtime, NOON, 10, Part(alone=True))

    take_back(_delivery(host))

    assert (_states(host), _row(host).attempts) == ({"1": "sending"}, 2)
    assert _row(host).lease_token == claim.lease.token


def test_a_claim_is_held_only_where_its_mark_stands(make: Callable[..., Host]) -> None:
    host = make(SUBS_EMAILS_AT_MOST_ONCE=("trial_started",))
    host.trial("unmarked")
    host.trial("marked")
    _claim_and_die(host, mark="marked")

    take_back(_delivery(host))

    assert _states(host) == {"unmarked": "pending", "marked": "held"}


def test_what_is_held_after_a_kill_tells_since_when(make: Callable[..., Host]) -> None:
    host = make(SUBS_EMAILS_AT_MOST_ONCE=("trial_started",))
    host.trial("1")
    _claim_and_die(host, mark="1")

    take_back(_delivery(host))

    assert (_row(host).state, _row(host).done_at) == ("held", NOON)


def test_a_held_effect_that_is_let_go_has_no_mark_left(make: Callable[..., Host]) -> None:
    host = make(SUBS_EMAILS_AT_MOST_ONCE=("trial_started",))
    host.trial("1")
    _claim_and_die(host, mark="1")
    take_back(_delivery(host))
    with host.subs.runtime.writing() as session:
        assert retry(context_of(host.subs.runtime, session, actor="operator"), [], EffectState.HELD) == 1

    _claim_and_die(host)  # killed before anything was handed over
    take_back(_delivery(host))
    assert _states(host) == {"1": "pending"}

    transport = host.script()
    host.deliver(NOON)
    assert (_states(host), len(transport.handed_over)) == ({"1": "done"}, 1)


def _claim_and_die(host: Host, *, mark: str = "") -> None:
    """Claim all emails, note that one of them may have happened, and never come back."""
    claim = claim_emails(host.subs.runtime, NOON, 10)
    ledger = Ledger(host.subs.runtime, claim.lease, Tally(), lambda: NOON)
    for message in claim.messages:
        if message.account_id == mark:
            assert ledger.mark(message)
    end_leases(host.app)


def _delivery(host: Host) -> Delivery:
    return Delivery(host.subs.runtime, Tally(), lambda: NOON)


def _states(host: Host) -> dict[str | None, str]:
    host.db.session.rollback()
    return {message.account_id: message.state for message in host.db.session.query(OutboxMessage)}


def _row(host: Host) -> OutboxMessage:
    host.db.session.rollback()
    return host.db.session.query(OutboxMessage).one()
