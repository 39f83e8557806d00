"""Cancel a subscription, now or at the end of what was paid for."""

from __future__ import annotations

from typing import Any

from ..domain.states import Cause, Status, edge
from ..models import Subscription
from ..outside.text import require_text
from .begin import first_look, live
from .change import Change, apply, lock
from .outbox import reconsider
from .work import Work

REASON_LENGTH = 1000
WITH_A_TERM = (Status.TRIALING, Status.ACTIVE)


def cancel(work: Work, subscription: Subscription, *, at_period_end: bool, reason: str) -> None:
    """End the subscription; with `at_period_end` a trial or active term keeps its access until then."""
    reason = require_text(reason, "reason", longest=REASON_LENGTH, shortest=0)
    lock(work, subscription)
    if at_period_end and subscription.status in WITH_A_TERM:
        _schedule(work, subscription, reason)
    else:
        followed = not subscription.is_live and live(work, subscription.account_id, subscription.product) is not None
        apply(work, [cancel_now(work, subscription, reason, followed=followed)])


def cancel_now(work: Work, subscription: Subscription, reason: str = "", *, followed: bool = False) -> Change:
    """Return the change that ends a subscription for good; one that a live one has `followed` stops no workspaces."""
    values: dict[str, Any] = {"ended_at": work.now, "cancel_at_period_end": False, "reminder_due_at": None}
    details = {"reason": reason} if reason else {}
    return Change(subscription, Cause.CANCELED, values, details, workspaces_elsewhere=followed)


def withdraw(work: Work, subscription: Subscription) -> None:
    """Take back a cancellation that has not come yet; without one it changes nothing."""
    lock(work, subscription)
    edge(Status(subscription.status), Cause.CANCEL_WITHDRAWN, subscription.subject)
    if subscription.cancel_at_period_end:
        values: dict[str, Any] = {"cancel_at_period_end": False}
        if subscription.status == Status.TRIALING:
            values["reminder_due_at"] = first_look(work, subscription)  # what was passed over is due again
        apply(work, [Change(subscription, Cause.CANCEL_WITHDRAWN, values)])
        reconsider(work, subscription)


def _schedule(work: Work, subscription: Subscription, reason: str) -> None:
    if not subscription.cancel_at_period_end:
        details = {"reason": reason} if reason else {}
        apply(work, [Change(subscription, Cause.CANCEL_SCHEDULED, {"cancel_at_period_end": True}, details)])
