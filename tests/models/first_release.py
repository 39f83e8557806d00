"""The tables of the first release, as its migration made them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql

BIG = BigInteger().with_variant(Integer(), "sqlite")
AT = DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
METADATA = MetaData()


def key(length: int) -> Any:
    return String(length).with_variant(String(length, collation="utf8mb4_bin"), "mysql", "mariadb")


def table(name: str, columns: dict[str, Any], *rules: Any, unique: tuple[str, ...] = (), index: Any = ()) -> Table:
    """Return a table of ours; a column whose name ends in a question mark may be empty."""
    return Table(
        name,
        METADATA,
        *[Column(column.rstrip("?"), kind, nullable=column.endswith("?")) for column, kind in columns.items()],
        PrimaryKeyConstraint("id", name=f"pk_{name}"),
        *[UniqueConstraint(*names.split(), name=f"uq_{name}_{names.replace(' ', '_')}") for names in unique],
        *[Index(f"ix_{name}_{names.replace(' ', '_')}", *names.split()) for names in index],
        *rules,
    )


def listing(name: str, column: str, values: str) -> CheckConstraint:
    quoted = ", ".join(f"'{value}'" for value in values.split())
    return CheckConstraint(f"{column} IN ({quoted})", name=f"ck_{name}_{column}")


ENDED = "status IN ('expired', 'canceled')"

SUBSCRIPTIONS = table(
    "subs_subscriptions",
    {
        "id": BIG,
        "account_id": key(191),
        "product": key(64),
        "plan": key(64),
        "status": String(16),
        "live?": Boolean(),
        "amount": BIG,
        "currency": String(3),
        "interval": String(8),
        "interval_count": Integer(),
        "anchor": AT,
        "trial_ends_at?": AT,
        "period_start?": AT,
        "period_end?": AT,
        "grace_ends_at?": AT,
        "suspended_at?": AT,
        "ended_at?": AT,
        "cancel_at_period_end": Boolean(),
        "paused_until?": AT,
        "collected_by": String(16),
        "payment_method?": String(255),
        "provider?": String(32),
        "provider_customer_id?": key(191),
        "provider_subscription_id?": key(191),
        "usage_count?": Integer(),
        "usage_limit?": Integer(),
        "reminder_due_at?": AT,
        "version": Integer(),
        "created_at": AT,
        "updated_at": AT,
    },
    listing("subs_subscriptions", "status", "trialing active grace suspended paused expired canceled"),
    listing("subs_subscriptions", "collected_by", "local manual provider"),
    CheckConstraint(
        f"({ENDED} AND live IS NULL) OR (NOT {ENDED} AND live IS NOT NULL)", name="ck_subs_subscriptions_live"
    ),
    unique=("account_id product live",),
    index=("status trial_ends_at id", "status reminder_due_at id"),
)
OUTBOX = table(
    "subs_outbox",
    {
        "id": BIG,
        "effect_key": key(191),
        "channel": String(16),
        "kind": String(32),
        "account_id": key(191),
        "subscription_id": BIG,
        "product": key(64),
        "details": Text(),
        "lane?": key(191),
        "lane_in_flight?": key(191),
        "state": String(16),
        "attempts": Integer(),
        "due_at": AT,
        "lease_until?": AT,
        "lease_token?": String(32),
        "first_tried_at?": AT,
        "marked_at?": AT,
        "last_error?": Text(),
        "created_at": AT,
        "done_at?": AT,
    },
    listing("subs_outbox", "state", "pending sending done dead held superseded no_recipient"),
    unique=("effect_key", "lane_in_flight"),
    index=("channel state due_at id", "state lease_until", "lane state", "account_id"),
)
AUDIT = table(
    "subs_audit",
    {
        "id": BIG,
        "at": AT,
        "account_id": key(191),
        "subscription_id": BIG,
        "version": Integer(),
        "from_status?": String(16),
        "to_status": String(16),
        "cause": String(32),
        "actor": String(64),
        "run_id?": BIG,
        "details": Text(),
    },
    unique=("subscription_id version",),
    index=("account_id", "at"),
)
JOB_RUNS = table(
    "subs_job_runs",
    {
        "id": BIG,
        "job": String(32),
        "started_at": AT,
        "finished_at?": AT,
        "as_of": AT,
        "outcome?": String(16),
        "examined": Integer(),
        "changed": Integer(),
        "skipped": Integer(),
        "failed": Integer(),
        "report": Text(),
        "confirm?": String(16),
        "due?": Integer(),
    },
    index=("job started_at", "confirm"),
)
DEPLOYMENT = Table(
    "subs_deployment",
    METADATA,
    Column("id", Integer(), autoincrement=False, nullable=False),
    Column("name", String(191), nullable=False),
    Column("epoch", Integer(), nullable=False),
    Column("adopted_at", AT, nullable=False),
    PrimaryKeyConstraint("id", name="pk_subs_deployment"),
)
INVOICES = table(
    "subs_invoices",
    {
        "id": BIG,
        "account_id": key(191),
        "subscription_id": BIG,
        "status": String(16),
        "amount": BIG,
        "currency": String(3),
        "period_start": AT,
        "period_end": AT,
        "due_at": AT,
        "paid_at?": AT,
        "created_at": AT,
    },
    listing("subs_invoices", "status", "open paid void"),
    unique=("subscription_id period_start",),
    index=("account_id", "status due_at"),
)
PAYMENTS = table(
    "subs_payments",
    {
        "id": BIG,
        "account_id": key(191),
        "subscription_id": BIG,
        "invoice_id?": BIG,
        "attempt": Integer(),
        "status": String(16),
        "amount": BIG,
        "currency": String(3),
        "provider": String(32),
        "reference?": key(191),
        "idempotency_key": key(191),
        "last_error?": Text(),
        "created_at": AT,
        "settled_at?": AT,
    },
    listing("subs_payments", "status", "intent sending unknown succeeded failed expired needs_review"),
    unique=("idempotency_key", "provider reference"),
    index=("invoice_id attempt", "status created_at", "account_id"),
)
WEBHOOK_EVENTS = table(
    "subs_webhook_events",
    {
        "id": BIG,
        "provider": String(32),
        "event_id": key(191),
        "kind": String(64),
        "payload": Text(),
        "state": String(16),
        "attempts": Integer(),
        "last_error?": Text(),
        "received_at": AT,
        "handled_at?": AT,
    },
    listing("subs_webhook_events", "state", "received applied ignored failed"),
    unique=("provider event_id",),
    index=("state received_at",),
)
