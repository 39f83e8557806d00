"""What an effect is before it is stored: its kind, its key made of business facts, and what it will say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from ..domain.clock import to_text
from ..domain.states import Workspaces
from ..models import Subscription

EMAIL = "email"
WORKSPACES = "workspaces"

STATED_INSTANTS = ("trial_ends_at", "period_end", "grace_ends_at", "ended_at")
STATED_FACTS = ("product", "plan", "amount", "currency", "interval", "interval_count")


@dataclass(frozen=True)
class Effect:
    """One thing to do for one subscription from `due_at` on; the same `key` is never queued twice."""

    key: str
    kind: str
    channel: str
    subscription: Subscription
    due_at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)

    def row(self, now: datetime) -> dict[str, Any]:
        """Return the outbox row."""
        subscription = self.subscription
        return {
            "effect_key": self.key,
            "channel": self.channel,
            "kind": self.kind,
            "account_id": subscription.account_id,
            "subscription_id": subscription.id,
            "product": subscription.product,
            "details": dict(self.details),
            "lane": subscription.account_id if self.channel == WORKSPACES else None,
            "due_at": self.due_at,
            "created_at": now,
        }


def effect_key(kind: str, subscription: Subscription, *facts: date | int) -> str:
    """Return `<kind with hyphens>:sub-<id>:<date or version>[:<step>]`."""
    stated = [fact.isoformat() if isinstance(fact, date) else str(fact) for fact in facts]
    return ":".join([kind.replace("_", "-"), subscription.subject, *stated])


def email(kind: str, subscription: Subscription, due_at: datetime, *facts: date | int, **details: Any) -> Effect:
    """Return an email that states the subscription as it is now."""
    key = effect_key(kind, subscription, *facts)
    return Effect(key, kind, EMAIL, subscription, due_at, {**stated(subscription), **details})


def workspaces(wish: Workspaces, subscription: Subscription, due_at: datetime, reason: str) -> Effect:
    """Return a wish about the account's workspaces; the subscription's version is its generation."""
    key = effect_key(wish.value, subscription, subscription.version)
    return Effect(key, wish.value, WORKSPACES, subscription, due_at, {"reason": reason})


def stated(subscription: Subscription) -> dict[str, Any]:
    """Return what emails may say about a subscription, in plain JSON values."""
    instants = {name: getattr(subscription, name) for name in STATED_INSTANTS}
    return {
        **{name: getattr(subscription, name) for name in STATED_FACTS},
        **{name: to_text(at) for name, at in instants.items() if at is not None},
    }
