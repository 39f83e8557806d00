"""Cancel a subscription, now or at the end of what was paid for."""

from __future__ import annotations

from typing import Any

from ..domain.states import Cause, Status, edge
from ..models import Subscription
from .change import Change, apply, lock
from .work import Work

WITH_A_TERM = (Status.TRIALING, Status.ACTIVE)


def cancel(work: Work, subscription: Subscription, *, at_period_end: bool, reason: str) -> None:
    """End the subscription; with `at_period_end` a trial or active term keeps its access until then."""
    lock(work, subscription)
    if at_period_end and subscription.status in WITH_A_TERM:
        _schedule(work, subscription, reason)
    else:
        apply(work, [cancel_now(work, subscription, reason)])


def cancel_now(work: Work, subscription: Subscription, reason: str) -> Change:
    """Return the change that ends a subscription for good."""
    values: dict[str, Any] = {"ended_at": work.now, "cancel_at_period_end": False, "reminder_due_at": None}
    return Change(subscription, Cause.CANCELED, values, {"reason": reason} if reason else {})


def withdraw(work: Work, subscription: Subscription) -> None:
    """Take back a cancellation that has not come yet; without one it changes nothing."""
    lock(work, subscription)
    edge(Status(subscription.status), Cause.CANCEL_WITHDRAWN, subscription.subject)
    if subscription.cancel_at_period_end:
        apply(work, [Change(subscription, Cause.CANCEL_WITHDRAWN, {"cancel_at_period_end": False})])


def _schedule(work: Work, subscription: Subscription, reason: str) -> None:
    if not subscription.cancel_at_period_end:
        details = {"reason": reason} if reason else {}
        apply(work, [Change(subscription, Cause.CANCEL_SCHEDULED, {"cancel_at_period_end": True}, details)])
