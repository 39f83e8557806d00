"""Whether an email still has a reason, from what is true of its subscription when its turn comes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from ..domain.contacts import Contact
from ..domain.emails import Facts, why_not
from ..domain.reminders import Ladder
from ..domain.states import Status
from ..errors import PermanentFailure
from ..models import OutboxMessage, Subscription
from ..models.types import Unreadable
from ..runtime import Runtime


def reason_against(
    runtime: Runtime,
    message: OutboxMessage,
    subscription: Subscription | None,
    contact: Contact | None,
    now: datetime,
    *,
    status: str | None = None,
) -> str | None:
    """Return why this email is not to be sent, or None; `status` is what its subscription becomes before that."""
    if subscription is None:
        return "the subscription was deleted"
    if contact is None:
        return "the account is gone"
    ladder = _ladder(runtime, subscription, contact)
    reached = Status(status or subscription.status)
    facts = Facts(reached, subscription.trial_ends_at, subscription.cancel_at_period_end, ladder)
    return why_not(message.kind, read_details(message), facts, now)


def subscriptions_of(runtime: Runtime, ids: set[int]) -> Mapping[int, Subscription | Exception]:
    """Return the subscriptions by their ids, and for one whose row cannot be read the error instead."""
    try:
        with runtime.reading() as session:
            return {s.id: s for s in session.scalars(select(Subscription).where(Subscription.id.in_(ids)))}
    except Exception as error:
        runtime.require_other_reason(error)
        if len(ids) == 1:
            return dict.fromkeys(ids, error)
        return {key: found for each in ids for key, found in subscriptions_of(runtime, {each}).items()}


def read_details(message: OutboxMessage) -> Mapping[str, Any]:
    """Return what an effect states; raises PermanentFailure where its row holds something else."""
    if isinstance(message.details, Mapping):
        return message.details
    found = message.details if isinstance(message.details, Unreadable) else "no document"
    raise PermanentFailure(f"its details are {found}: look at its row, then drop it")


def _ladder(runtime: Runtime, subscription: Subscription, contact: Contact) -> Ladder | None:
    if subscription.status != Status.TRIALING or subscription.trial_ends_at is None:
        return None
    start = subscription.period_start or subscription.created_at
    return runtime.settings.trial_ladder(subscription.plan, start, subscription.trial_ends_at, contact)
