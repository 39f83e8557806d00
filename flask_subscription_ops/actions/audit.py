"""The audit of a change: what was, what is, who did it and why, each entry chained to the one before it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from ..domain.clock import to_text
from ..domain.states import Cause
from ..models import AuditEntry, Deployment, Subscription
from ..models.audit import chained
from .context import Context

UNWATCHED = frozenset({"live", "reminder_due_at"})  # they follow from other columns
UNNAMED = frozenset({"payment_method", "provider_customer_id", "provider_subscription_id"})


def first_entry(subscription: Subscription, cause: Cause, actor: str, run_id: int | None = None) -> dict[str, Any]:
    """Return the row that tells how a subscription came to be; the same before it is inserted and after."""
    row = {
        "at": subscription.created_at,
        "account_id": subscription.account_id,
        "subscription_id": subscription.id,
        "version": subscription.version,
        "from_status": None,
        "to_status": subscription.status,
        "cause": cause.value,
        "actor": actor,
        "run_id": run_id,
        "details": {},
    }
    return {**row, "hash": chained(None, row)}


def next_entry(
    context: Context, subscription: Subscription, cause: Cause, values: Mapping[str, Any], details: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the row that tells of a change to `values`, of which the subscription holds none yet."""
    row = {
        "at": context.now,
        "account_id": subscription.account_id,
        "subscription_id": subscription.id,
        "version": subscription.version + 1,
        "from_status": subscription.status,
        "to_status": values["status"],
        "cause": cause.value,
        "actor": context.actor,
        "run_id": context.run_id,
        "details": {**details, "before": before(subscription, values)},
    }
    return {**row, "hash": chained(subscription.audit_hash, row)}


def record_apart(context: Context, deployment: Deployment, cause: str, details: Mapping[str, Any]) -> None:
    """Write an entry about no subscription; `deployment` is the locked row that holds the hash of their chain."""
    row = {"at": context.now, "cause": cause, "actor": context.actor, "run_id": context.run_id, "details": details}
    about_none = dict.fromkeys(("account_id", "subscription_id", "version", "from_status", "to_status"))
    deployment.audit_hash = chained(deployment.audit_hash, {**row, **about_none})
    context.session.execute(insert(AuditEntry).values(**row, hash=deployment.audit_hash))


def before(row: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row's columns that change held; of what identifies a payer only that it changed."""
    held = {name: getattr(row, name) for name in values.keys() - UNWATCHED}
    return {name: _told(name, value) for name, value in sorted(held.items()) if value != values[name]}


def _told(name: str, value: Any) -> Any:
    if name in UNNAMED:
        return "changed"
    return to_text(value) if isinstance(value, datetime) else value
