"""One account's story: its subscriptions, effects and audit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from ..database.readable import readable
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

    def rows(of: Any) -> Sequence[Any]:
        return readable(runtime.database, of, select(of).where(of.account_id == account_id).order_by(of.id))

    subscriptions = rows(Subscription)
    if not subscriptions:
        return None
    return {
        "account": account_id,
        "subscriptions": [subscription.to_dict() for subscription in subscriptions],
        "effects": [effect(message) for message in rows(OutboxMessage)],
        "audit": [entry.to_dict() for entry in rows(AuditEntry)],
    }


def effect(message: OutboxMessage) -> dict[str, Any]:
    """Return an effect as it is shown."""
    shown = {name: getattr(message, name) for name in EFFECT_COLUMNS}
    return message.with_fault(shown | {"last_error": message.last_error and redacted(message.last_error)})
