"""A row that cannot be read harms its own effects alone, wherever it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, DateTime, event

from flask_subscription_ops.errors import DatabaseUnreachable
from flask_subscription_ops.models import OutboxMessage, Subscription
from flask_subscription_ops.models.types import Instant
from flask_subscription_ops.outbox.claim import claim_emails
from flask_subscription_ops.testing import end_leases

from ..hosts import NOON, Host, days
from ..unreadable import FIRST, LAST, spoil


def instants(model: type) -> list[str]:
    return [column.key for column in model.__table__.c if isinstance(column.type, (Instant, DateTime))]


@pytest.mark.parametrize("column", instants(Subscription))
def test_an_email_whose_subscription_cannot_be_read_is_dead_alone(make: Callable[..., Host], column: str) -> None:
    host = make(SUBS_MAX_ATTEMPTS=2)
    _trials(host)
    spoil(host, "subs_subscriptions", column, "2", LAST)

    codes = [host.deliver(NOON + days(day)).outcome.exit_code for day in range(3)]

    assert _states(host) == {"1": "done", "2": "dead", "3": "done"}
    assert codes == [1, 1, 0]  # a person is needed from the first time on
    assert _error(host, "2").startswith("its subscription cannot be read: ")


@pytest.mark.parametrize("column", sorted({*instants(OutboxMessage)} - {"due_at"}))
def test_an_effect_whose_row_cannot_be_read_is_dead_alone(host: Host, column: str) -> None:
    _trials(host)
    spoil(host, "subs_outbox", column, "2", LAST)

    report = host.deliver(NOON)

    assert _states(host) == {"1": "done", "2": "dead", "3": "done"}
    assert [failure["subject"] for failure in report.failures] == ["trial-started:sub-2:2026-12-15"]
    assert host.deliver(NOON).outcome.exit_code == 0


@pytest.mark.parametrize("column", sorted({*instants(OutboxMessage)} - {"lease_until"}))
def test_what_a_kill_left_is_taken_back_without_a_row_that_cannot_be_read(host: Host, column: str) -> None:
    _trials(host)
    claim_emails(host.subs.runtime, NOON, 10)
    end_leases(host.app)
    spoil(host, "subs_outbox", column, "2", LAST)

    report = host.deliver(NOON)

    assert _states(host) == {"1": "done", "2": "dead", "3": "done"}
    assert [failure["subject"] for failure in report.failures] == ["trial-started:sub-2:2026-12-15"]
    assert host.deliver(NOON).outcome.exit_code == 0


def test_an_effect_whose_row_cannot_be_read_tells_since_when_it_is_dead(host: Host) -> None:
    _trials(host)
    spoil(host, "subs_outbox", "first_tried_at", "2", LAST)

    host.deliver(NOON)

    assert host.db.session.query(OutboxMessage.done_at).filter_by(account_id="2").scalar() == NOON


def test_a_row_that_has_waited_since_before_any_calendar_is_dead_alone(host: Host) -> None:
    _trials(host)
    spoil(host, "subs_outbox", "due_at", "2", FIRST)

    host.deliver(NOON)

    assert _states(host) == {"1": "done", "2": "dead", "3": "done"}


def test_subscriptions_that_others_keep_locked_are_no_fault_of_their_emails(host: Host) -> None:
    _trials(host)
    driver = host.db.engine.dialect.loaded_dbapi

    def keep_locked(connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        if "WHERE subs_subscriptions.id IN" in statement:
            raise driver.OperationalError("database is locked")

    event.listen(host.db.engine, "before_cursor_execute", keep_locked)
    with pytest.raises(DatabaseUnreachable, match="locked by another process"):
        host.deliver(NOON)
    event.remove(host.db.engine, "before_cursor_execute", keep_locked)
    end_leases(host.app)
    host.deliver(NOON)

    assert _states(host) == {"1": "done", "2": "done", "3": "done"}


def _trials(host: Host) -> None:
    for account_id in "123":
        host.trial(account_id)


def _states(host: Host) -> dict[str, str]:
    host.db.session.rollback()
    rows = host.db.session.query(OutboxMessage.account_id, OutboxMessage.state)
    return dict(map(tuple, rows))


def _error(host: Host, account_id: str) -> str:
    return str(host.db.session.query(OutboxMessage.last_error).filter_by(account_id=account_id).scalar())
