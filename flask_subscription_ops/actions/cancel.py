"""Cancel a subscription, now or at the end of what was paid for, and take that back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update

from ..domain.retry import EffectState
from ..domain.states import Cause, Status, edge
from ..models import OutboxMessage, Subscription
from ..outside.text import require_text
from .change import Change, apply
from .context import Context
from .lookup import live
from .row import lock
from .terms import first_look

REASON_LENGTH = 1000
WITH_A_TERM = (Status.TRIALING, Status.ACTIVE)


def cancel(context: Context, subscription: Subscription, *, at_period_end: bool, reason: str) -> None:
    """End the subscription; with `at_period_end` a trial or active term keeps its access until then."""
    reason = require_text(reason, "reason", longest=REASON_LENGTH, shortest=0)
    lock(context, subscription)
    if at_period_end and subscription.status in WITH_A_TERM:
        _schedule(context, subscription, reason)
    else:
        followed = not subscription.is_live and _has_live(context, subscription)
        apply(context, [cancel_now(context, subscription, reason, followed=followed)])


def cancel_now(context: Context, subscription: Subscription, reason: str = "", *, followed: bool = False) -> Change:
    """Return the change that ends a subscription for good; one that a live one has `followed` stops no workspaces."""
    details = {"reason": reason} if reason else {}
    return Change(subscription, Cause.CANCELED, ends_now(context), details, workspaces_elsewhere=followed)


def ends_now(context: Context) -> Mapping[str, Any]:
    """Return what a subscription that is canceled holds from now on."""
    return {"ended_at": context.now, "cancel_at_period_end": False, "reminder_due_at": None}


def withdraw_cancellation(context: Context, subscription: Subscription) -> None:
    """Take back a cancellation that has not come yet; without one it changes nothing."""
    lock(context, subscription)
    edge(Status(subscription.status), Cause.CANCEL_WITHDRAWN, subscription.subject)
    if subscription.cancel_at_period_end:
        values: dict[str, Any] = {"cancel_at_period_end": False}
        if subscription.status == Status.TRIALING and subscription.trial_ends_at is not None:
            start = subscription.period_start or subscription.created_at  # what was passed over is due again
            look = first_look(context.settings, subscription.plan, start, subscription.trial_ends_at)
            values["reminder_due_at"] = look
        apply(context, [Change(subscription, Cause.CANCEL_WITHDRAWN, values)])
        _reconsider_reminders(context, subscription)


def _schedule(context: Context, subscription: Subscription, reason: str) -> None:
    if not subscription.cancel_at_period_end:
        details = {"reason": reason} if reason else {}
        apply(context, [Change(subscription, Cause.CANCEL_SCHEDULED, {"cancel_at_period_end": True}, details)])


def _has_live(context: Context, subscription: Subscription) -> bool:
    return live(context.session, subscription.account_id, subscription.product) is not None


def _reconsider_reminders(context: Context, subscription: Subscription) -> None:
    """Queue superseded reminders anew: whether they are wanted is looked at when they are sent."""
    passed_over = (
        OutboxMessage.account_id == subscription.account_id,
        OutboxMessage.subscription_id == subscription.id,
        OutboxMessage.kind == "trial_reminder",
        OutboxMessage.state == EffectState.SUPERSEDED.value,
    )
    again = {"state": EffectState.PENDING.value, "done_at": None}
    statement = update(OutboxMessage).where(*passed_over).values(**again)
    context.session.execute(statement.execution_options(synchronize_session=False))
