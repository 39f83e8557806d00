"""What an effect is before it is stored: its kind, its key made of business facts, and what it will say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from ..domain.clock import to_text
from ..domain.emails import email_kind
from ..domain.states import WorkspaceWish
from ..models import Subscription
from ..outside.text import one_line

EMAIL = "email"
WORKSPACES = "workspaces"
OPERATIONS = frozenset(wish.value for wish in WorkspaceWish)

STATED_INSTANTS = ("trial_ends_at", "period_end", "grace_ends_at", "ended_at")
STATED_FACTS = ("product", "plan", "amount", "currency", "interval", "interval_count")


@dataclass(frozen=True)
class Subject:
    """What an effect is about: `name` is sub-42, inv-7 or health; only some belong to an account."""

    name: str
    account_id: str | None = None
    subscription_id: int | None = None
    product: str | None = None


@dataclass(frozen=True)
class Effect:
    """One thing to do outside the database from `due_at` on; the same `key` is never queued twice.

    Effects of one `lane` are carried out one after the other.
    """

    key: str
    kind: str
    channel: str
    subject: Subject
    due_at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)
    lane: str | None = None

    def row(self, now: datetime) -> dict[str, Any]:
        """Return the outbox row."""
        return {
            "effect_key": self.key,
            "channel": self.channel,
            "kind": self.kind,
            "subject": self.subject.name,
            "account_id": self.subject.account_id,
            "subscription_id": self.subject.subscription_id,
            "product": self.subject.product,
            "details": dict(self.details),
            "lane": self.lane,
            "due_at": self.due_at,
            "created_at": now,
        }


def effect_key(kind: str, subject: str, *facts: date | int | str) -> str:
    """Return `<kind with hyphens>:<subject>:<date or version>[:<step>]`."""
    stated = [fact.isoformat() if isinstance(fact, date) else str(fact) for fact in facts]
    return ":".join([kind.replace("_", "-"), subject, *stated])


def channel_of(kind: str) -> str:
    """Return the channel that carries effects of this kind."""
    return WORKSPACES if kind in OPERATIONS else EMAIL


def about(subscription: Subscription) -> Subject:
    """Return the subject that a subscription is."""
    return Subject(subscription.subject, subscription.account_id, subscription.id, subscription.product)


def email(
    kind: str,
    subscription: Subscription,
    due_at: datetime,
    *,
    steps: tuple[int, ...] = (),
    details: Mapping[str, Any] | None = None,
) -> Effect:
    """Return an email that states the subscription as it is now; `steps` end its key."""
    key = effect_key(kind, subscription.subject, _stamp(kind, subscription), *steps)
    return Effect(key, kind, EMAIL, about(subscription), due_at, {**stated(subscription), **(details or {})})


def alerts(
    rule: str, subject: str, headline: str, lines: Sequence[str], *, recipients: int, now: datetime
) -> list[Effect]:
    """Return an alert about `subject` for each of so many administrators; at most one an hour for the same rule."""
    hour = now.strftime("%Y-%m-%dT%H")
    details = {"headline": one_line(headline), "lines": [one_line(line) for line in lines]}
    return [
        Effect(f"alert:{rule}:{subject}:{hour}:{n}", "alert", EMAIL, Subject(subject), now, {**details, "recipient": n})
        for n in range(1, recipients + 1)
    ]


def operation(wish: WorkspaceWish, subscription: Subscription, due_at: datetime, reason: str) -> Effect:
    """Return what is to happen to the account's workspaces; the subscription's version is its generation."""
    key = effect_key(wish.value, subscription.subject, subscription.version)
    lane = subscription.account_id
    return Effect(key, wish.value, WORKSPACES, about(subscription), due_at, {"reason": reason}, lane)


def stated(subscription: Subscription) -> dict[str, Any]:
    """Return what emails may say about a subscription, in plain JSON values."""
    instants = {name: getattr(subscription, name) for name in STATED_INSTANTS}
    return {
        **{name: getattr(subscription, name) for name in STATED_FACTS},
        **{name: to_text(at) for name, at in instants.items() if at is not None},
    }


def _stamp(kind: str, subscription: Subscription) -> date | int:
    day_of = email_kind(kind).keyed_by
    at: datetime | None = getattr(subscription, day_of) if day_of else None
    return subscription.version if at is None else at.date()
