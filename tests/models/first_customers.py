"""Rows as the code of the first release left them: customers in each status, effects in each state."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import Connection, Table, insert, literal, select, text

from ..hosts import NOON, days
from .first_release import AUDIT, DEPLOYMENT, JOB_RUNS, OUTBOX, SUBSCRIPTIONS

ENDING = range(1, 61)  # trials whose time is up at NOON
REMINDED = range(61, 71)  # trials with a reminder due at NOON
ACTIVE, PAUSED, EXPIRED, CANCELED, RESUMED = range(71, 76)
EFFECTS = {  # a quiet trial with an effect in each state
    "pending": 81,
    "cut off": 82,
    "sending": 83,
    "done": 84,
    "dead": 85,
    "held": 86,
    "superseded": 87,
    "no_recipient": 88,
}
QUIET = range(101, 1001)  # trials in which nothing happens; more customers are copies of these
TOKEN = "0123abcd"
LONG_AGO, FAR_AWAY = datetime(2020, 1, 1, tzinfo=timezone.utc), datetime(2100, 1, 1, tzinfo=timezone.utc)


def fill(connection: Connection, size: int) -> None:
    """Insert `size` subscriptions with their audit and effects; a multiple of 900, and a hundred."""
    ids = [*ENDING, *REMINDED, ACTIVE, PAUSED, EXPIRED, CANCELED, RESUMED, *range(76, 101), *QUIET]
    connection.execute(insert(SUBSCRIPTIONS), [subscription(i) for i in ids])
    connection.execute(insert(AUDIT), [entry for i in ids for entry in audit(i)])
    connection.execute(insert(OUTBOX), [*effects(), *(done(i) for i in QUIET)])
    connection.execute(insert(JOB_RUNS), [stopped_run()])
    connection.execute(insert(DEPLOYMENT), [{"id": 1, "name": "tests", "epoch": 1, "adopted_at": at(-30)}])
    for shift in range(len(QUIET), size - len(ids) + 1, len(QUIET)):
        copy(connection, SUBSCRIPTIONS, shift, SUBSCRIPTIONS.c.id, numbered=("id",), named=("account_id",))
        numbered, named = ("id", "subscription_id"), ("account_id",)
        copy(connection, AUDIT, shift, AUDIT.c.subscription_id, numbered=numbered, named=named)
        named = ("account_id", "effect_key")
        copy(connection, OUTBOX, shift, OUTBOX.c.subscription_id, numbered=numbered, named=named)
    if connection.dialect.name == "postgresql":
        for table in (SUBSCRIPTIONS, AUDIT, OUTBOX, JOB_RUNS):
            move_on = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
            connection.execute(text(move_on))


def copy(
    connection: Connection, table: Table, shift: int, number: Any, *, numbered: tuple[str, ...], named: tuple[str, ...]
) -> None:
    """Copy the rows of the quiet trials, with other ids, accounts and keys."""
    changed = {name: table.c[name] + shift for name in numbered}
    changed |= {name: table.c[name] + literal(f"-{shift}") for name in named}
    values = [changed.get(column.name, column) for column in table.columns]
    quiet = select(*values).where(number >= QUIET.start, number < QUIET.stop)
    connection.execute(insert(table).from_select(list(table.columns), quiet))


def at(day: float) -> datetime:
    return NOON + days(day)


def as_text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def subscription(number: int) -> dict[str, Any]:
    """Return the row of a customer, whose account has the same number."""
    status = {ACTIVE: "active", RESUMED: "active", PAUSED: "paused", EXPIRED: "expired", CANCELED: "canceled"}
    ended = number in (EXPIRED, CANCELED)
    trialing = number not in status
    return {
        "id": number,
        "account_id": str(number),
        "product": "default",
        "plan": "pro",
        "status": status.get(number, "trialing"),
        "live": None if ended else True,
        "amount": 4900,
        "currency": "EUR",
        "interval": "month",
        "interval_count": 1,
        "anchor": at(-13),
        "period_start": trial_ends_at(number) - days(14),
        "period_end": None if trialing else at(18),
        "trial_ends_at": trial_ends_at(number) if trialing or ended else None,
        "ended_at": at(-1) if ended else None,
        "cancel_at_period_end": False,
        "collected_by": "manual",
        "reminder_due_at": at(0) if number in REMINDED else at(8) if trialing else None,
        "version": len(audit(number)),
        "created_at": trial_ends_at(number) - days(14),
        "updated_at": at(-1),
    }


def trial_ends_at(number: int) -> datetime:
    if number in ENDING:
        return NOON - timedelta(hours=1)
    return at(7 if number in REMINDED else -1 if number in (EXPIRED, CANCELED) else 12)


def audit(number: int) -> list[dict[str, Any]]:
    """Return the entries of a customer, which nothing chains."""
    told = [(None, "trialing", "trial_started", "app", {})]
    if number in (ACTIVE, PAUSED, RESUMED):
        told = [(None, "active", "subscribed", "app", {})]
    told += {
        PAUSED: [("active", "paused", "paused", "app", {})],
        RESUMED: [("active", "paused", "paused", "app", {}), ("paused", "active", "resumed", "app", {})],
        EXPIRED: [("trialing", "expired", "trial_ended", "trial-check", {})],
        CANCELED: [("trialing", "canceled", "canceled", "app", {"reason": "too dear, они ушли"})],
    }.get(number, [])
    return [
        {
            "id": number if version == 1 else version * 1_000_000 + number,
            "at": at(-1),
            "account_id": str(number),
            "subscription_id": number,
            "version": version,
            "from_status": before,
            "to_status": after,
            "cause": cause,
            "actor": actor,
            "run_id": None,
            "details": json.dumps(details, sort_keys=True, ensure_ascii=False),
        }
        for version, (before, after, cause, actor, details) in enumerate(told, start=1)
    ]


def email_key(number: int) -> str:
    return f"trial-started:sub-{number}:{trial_ends_at(number).date()}"


def effect(number: int, **columns: Any) -> dict[str, Any]:
    stated = {
        "product": "default",
        "plan": "pro",
        "amount": 4900,
        "currency": "EUR",
        "interval": "month",
        "interval_count": 1,
        "trial_ends_at": as_text(trial_ends_at(number)),
    }
    return {
        "id": number,
        "effect_key": email_key(number),
        "channel": "email",
        "kind": "trial_started",
        "account_id": str(number),
        "subscription_id": number,
        "product": "default",
        "details": json.dumps(stated, sort_keys=True),
        "lane": None,
        "lane_in_flight": None,
        "state": "pending",
        "attempts": 0,
        "due_at": at(-1),
        "lease_until": None,
        "lease_token": None,
        "first_tried_at": None,
        "marked_at": None,
        "last_error": None,
        "created_at": at(-1),
        "done_at": None,
        **columns,
    }


def done(number: int) -> dict[str, Any]:
    return effect(number, state="done", attempts=1, first_tried_at=at(-1), marked_at=at(-1), done_at=at(-1))


def effects() -> list[dict[str, Any]]:
    leased = {"state": "sending", "lease_token": "a" * 32, "first_tried_at": at(-1), "marked_at": at(-1)}
    failed = {"attempts": 8, "first_tried_at": at(-1), "last_error": "550 no such mailbox"}
    stop = {"channel": "workspaces", "kind": "suspend_workspaces", "lane": str(EXPIRED)}
    return [
        effect(EFFECTS["pending"]),
        effect(EFFECTS["cut off"], **leased, lease_until=LONG_AGO, attempts=1),
        effect(EFFECTS["sending"], **leased, lease_until=FAR_AWAY, attempts=1),
        done(EFFECTS["done"]),
        effect(EFFECTS["dead"], **failed, state="dead", done_at=at(-1)),
        effect(EFFECTS["held"], **failed, state="held", marked_at=at(-1)),
        effect(EFFECTS["superseded"], state="superseded", last_error="the account is gone", done_at=at(-1)),
        effect(EFFECTS["no_recipient"], state="no_recipient", done_at=at(-1)),
        effect(
            EXPIRED,
            **stop,
            effect_key=f"suspend-workspaces:sub-{EXPIRED}:2",
            details=json.dumps({"reason": "trial_ended"}),
        ),
    ]


def stopped_run() -> dict[str, Any]:
    """Return a run that the brake stopped an hour ago, which printed a token."""
    begun = NOON - timedelta(hours=1)
    return {
        "id": 1,
        "job": "trial-check",
        "started_at": begun,
        "finished_at": begun,
        "as_of": begun,
        "outcome": "stopped",
        "examined": 0,
        "changed": 0,
        "skipped": 0,
        "failed": 0,
        "report": json.dumps({"job": "trial-check", "outcome": "stopped", "confirm": TOKEN}),
        "confirm": TOKEN,
        "due": len(ENDING),
    }
