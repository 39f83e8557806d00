"""One account's story: its subscriptions, effects and audit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ..models import AuditEntry, OutboxMessage, Subscription
from ..outside.text import redacted
from ..runtime import Runtime

EFFECT_COLUMNS = (
    "effect_key",
    "kind",
    "account_id",
    "subscription_id",
    "state",
    "attempts",
    "due_at",
    "last_error",
    "created_at",
    "done_at",
)


def account(runtime: Runtime, account_id: str) -> dict[str, Any] | None:
    """Return everything that is known of an account, or None for one that was never here."""
    with runtime.reading() as session:
        subscriptions = session.scalars(
            select(Subscription).where(Subscription.account_id == account_id).order_by(Subscription.id)
        ).all()
        if not subscriptions:
            return None
        effects = select(OutboxMessage).where(OutboxMessage.account_id == account_id).order_by(OutboxMessage.id)
        entries = select(AuditEntry).where(AuditEntry.account_id == account_id).order_by(AuditEntry.id)
        return {
            "account": account_id,
            "subscriptions": [subscription.to_dict() for subscription in subscriptions],
            "effects": [effect(message) for message in session.scalars(effects)],
            "audit": [entry.to_dict() for entry in session.scalars(entries)],
        }


def effect(message: OutboxMessage) -> dict[str, Any]:
    """Return an effect as it is shown."""
    shown = {name: getattr(message, name) for name in EFFECT_COLUMNS}
    return shown | {"last_error": message.last_error and redacted(message.last_error)}
