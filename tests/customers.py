"""Many subscriptions at once, written past the services so that a test is quick."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from flask_subscription_ops.models import Subscription

from .hosts import NOON, Host, days

TABLES = (
    "subs_subscriptions",
    "subs_outbox",
    "subs_audit",
    "subs_job_runs",
    "subs_deployment",
    "subs_invoices",
    "subs_payments",
    "subs_webhook_events",
)


def add_trials(
    host: Host,
    first: int,
    count: int,
    *,
    ends: datetime,
    look: datetime | None = None,
    apart: timedelta = timedelta(),
) -> None:
    """Add trials that end `apart` from one another; their reminders are to be looked at from `look` on."""
    row: dict[str, Any] = {
        "product": "default",
        "plan": "pro",
        "status": "trialing",
        "live": True,
        "amount": 4900,
        "currency": "EUR",
        "interval": "month",
        "interval_count": 1,
        "anchor": NOON,
        "period_start": ends - days(14),
        "trial_ends_at": ends,
        "reminder_due_at": look,
        "collected_by": "manual",
        "version": 1,
        "created_at": NOON,
        "updated_at": NOON,
        "cancel_at_period_end": False,
    }
    table: Any = Subscription.__table__
    with host.db.engine.begin() as connection:
        connection.execute(
            insert(table),
            [{**row, "account_id": f"{first + i}", "trial_ends_at": ends + i * apart} for i in range(count)],
        )


def contents(host: Host) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    host.db.session.rollback()
    found: dict[str, list[tuple[Any, ...]]] = {}
    for name in TABLES:
        rows = host.db.session.execute(host.db.text(f"SELECT * FROM {name}")).all()
        found[name] = sorted((tuple(row) for row in rows), key=repr)
    return found
