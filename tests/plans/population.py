"""A company's customers in bulk: any number of subscriptions and effects, inserted by the database itself.

The shares are those of a service that has lived for years: most subscriptions were trials once and keep the date.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    String,
    case,
    cast,
    column,
    false,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    text,
)

from flask_subscription_ops.models import AuditEntry, OutboxMessage, Subscription
from flask_subscription_ops.models.subscription import LOOK_NOW
from flask_subscription_ops.models.types import Instant

DAY = 86_400
N = column("n")
PART = literal_column("n % 1000")  # what a customer is depends on this alone

NUMBERS = {
    "postgresql": "generate_series({first}, {last}) AS numbers(n)",
    "sqlite": (
        "(WITH RECURSIVE up(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM up WHERE n < {last})"
        " SELECT n FROM up) AS numbers"
    ),
    "mysql": "(SELECT CAST(seq AS SIGNED) AS n FROM seq_{first}_to_{last}) AS numbers",
}
LATER = {
    "postgresql": "TIMESTAMPTZ '{base}+00' + ({seconds}) * INTERVAL '1 second'",
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', '{base}', ({seconds}) || ' seconds')",
    "mysql": "TIMESTAMP '{base}' + INTERVAL ({seconds}) SECOND",
}


def add_subscriptions(
    connection: Connection, size: int, now: datetime, *, ended: int = 10, reminded: bool = True
) -> None:
    """Insert `size` subscriptions of which `ended` in a thousand are trials whose time is up.

    Of a thousand, ten trials each end in 7, 3 and 1 days (`reminded` makes their reminder due) and a hundred later,
    ten are in grace, ten suspended, seventy expired, and the rest is active.
    """
    at = _instants(connection, now)
    statuses = _by_part({ended: "trialing", ended + 130: "trialing", 910: "active", 920: "grace", 930: "suspended"})
    ends = {
        ended: at(f"-{DAY} - n % {3 * DAY}"),
        ended + 10: at(f"{7 * DAY} - 3600 - n % 3600"),
        ended + 20: at(f"{3 * DAY} - 3600 - n % 3600"),
        ended + 30: at(f"{DAY} - 3600 - n % 3600"),
        ended + 130: at(f"{20 * DAY} + n % {5 * DAY}"),
    }
    terms = {ended + 130: null(), 910: at(f"n % {30 * DAY}")}
    soon = at("-3600 - n % 3600" if reminded else "3600 + n % 3600")
    looks = {ended: null(), ended + 30: soon, ended + 130: at(f"{11 * DAY} + n % {5 * DAY}")}
    values: Mapping[str, Any] = {
        "id": N,
        "account_id": cast(N, String(20)),
        "product": literal("default"),
        "plan": literal("pro"),
        "status": case(*statuses, else_="expired"),
        "live": case((PART < 930, literal(True)), else_=null()),
        "amount": literal_column("4900 + n"),
        "currency": literal("EUR"),
        "interval": literal("month"),
        "interval_count": literal(1),
        "anchor": at(f"-{400 * DAY}"),
        "trial_ends_at": case(*_by_part(ends), else_=at(f"-{10 * DAY} - n % {900 * DAY}")),
        "period_start": at(f"-{20 * DAY}"),
        "period_end": case(*_by_part(terms), else_=at(f"-{9 * DAY}")),
        "cancel_at_period_end": literal(False),
        "collected_by": literal("manual"),
        "reminder_due_at": case(*_by_part(looks), else_=literal(LOOK_NOW, Instant())),
        "version": literal(1),
        "created_at": at(f"-{400 * DAY}"),
        "updated_at": at(f"-{20 * DAY}"),
    }
    _insert(connection, Subscription.__table__, values, size)
    _set_sequence(connection, Subscription.__table__)


def add_effects(connection: Connection, size: int, now: datetime, *, waiting: bool = True) -> None:
    """Insert `size` effects, done long ago.

    Where some are `waiting`, of a thousand two are due, two were cut off, six are due later and ninety superseded.
    """
    at = _instants(connection, now)
    lives = {2: "pending", 4: "sending", 10: "pending", 100: "superseded"}
    dates = {4: at("-600 - n % 600"), 10: at(f"{DAY}")}
    held: Any = literal_column("n % 1000 IN (2, 3)") if waiting else false()
    own: Mapping[str, Any] = {
        "lane_in_flight": case((held & (PART == 3), cast(N, String(20))), else_=null()),
        "state": case(*_by_part(lives if waiting else {0: "pending"}), else_="done"),
        "due_at": case(*_by_part(dates), else_=at(f"-{DAY} - n % {60 * DAY}")),
        "lease_until": case((held, at("-60")), else_=null()),
        "lease_token": case((held, "gone"), else_=null()),
    }
    _insert(connection, OutboxMessage.__table__, _effect(connection, now) | own, size)
    _set_sequence(connection, OutboxMessage.__table__)


def add_waiting(connection: Connection, size: int, now: datetime, *, after: int) -> None:
    """Insert `size` effects that are due, half of them emails, with ids above `after`."""
    own = {"state": literal("pending"), "due_at": _instants(connection, now)("-600 - n % 600")}
    _insert(connection, OutboxMessage.__table__, _effect(connection, now) | own, size, after=after)
    _set_sequence(connection, OutboxMessage.__table__)


def _effect(connection: Connection, now: datetime) -> dict[str, Any]:
    """Return what all effects have: every second one is an email, the others are operations."""
    channel = case((literal_column("n % 2") == 0, "email"), else_="workspaces")
    return {
        "id": N,
        "effect_key": literal("old:").concat(cast(N, String(20))),
        "channel": channel,
        "kind": case((channel == "email", "trial_expired"), else_="suspend_workspaces"),
        "account_id": cast(N, String(20)),
        "subscription_id": N,
        "product": literal("default"),
        "details": literal("{}"),
        "lane": case((channel == "workspaces", cast(N, String(20))), else_=null()),
        "attempts": literal(1),
        "created_at": _instants(connection, now)(f"-{60 * DAY}"),
    }


def add_audit(connection: Connection, size: int, now: datetime) -> None:
    """Insert the first audit entry of each subscription."""
    at = _instants(connection, now)
    values: Mapping[str, Any] = {
        "id": N,
        "at": at(f"-{400 * DAY}"),
        "account_id": cast(N, String(20)),
        "subscription_id": N,
        "version": literal(1),
        "to_status": literal("trialing"),
        "cause": literal("trial_started"),
        "actor": literal("app"),
        "details": literal("{}"),
    }
    _insert(connection, AuditEntry.__table__, values, size)
    _set_sequence(connection, AuditEntry.__table__)


def analyze(connection: Connection) -> None:
    """Let the planner know what is stored."""
    statement = "ANALYZE TABLE {}" if connection.dialect.name == "mysql" else "ANALYZE {}"
    for model in (Subscription, OutboxMessage, AuditEntry):
        connection.execute(text(statement.format(model.__tablename__))).close()


def numbers(connection: Connection, last: int, *, after: int = 0) -> Any:
    """Return a FROM clause of the numbers up to `last`."""
    return text(NUMBERS[connection.dialect.name].format(first=after + 1, last=last))


def _instants(connection: Connection, now: datetime) -> Any:
    base = now.replace(tzinfo=None, microsecond=0)

    def at(seconds: str) -> Any:
        return literal_column(LATER[connection.dialect.name].format(base=base, seconds=seconds))

    return at


def _by_part(limits: Mapping[int, Any]) -> list[Any]:
    return [(PART.op("<")(limit), value) for limit, value in limits.items()]


def _insert(connection: Connection, table: Any, values: Mapping[str, Any], size: int, *, after: int = 0) -> None:
    chosen = select(*values.values()).select_from(numbers(connection, after + size, after=after))
    connection.execute(insert(table).from_select(list(values), chosen, include_defaults=False))


def _set_sequence(connection: Connection, table: Any) -> None:
    if connection.dialect.name == "postgresql":
        name = func.pg_get_serial_sequence(table.name, "id")
        connection.execute(select(func.setval(name, select(func.max(table.c.id)).scalar_subquery())))
