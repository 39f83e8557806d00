"""Complete a subscription that the team added as a row: what it left out comes from the plan and its policy."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from ..domain.money import Money
from ..domain.periods import Interval, anchor_of
from ..domain.plans import Plan, Policy
from ..domain.states import Cause, Status
from ..errors import InvalidInput, UnknownPlan
from ..models import AuditEntry, Subscription
from ..settings import Settings
from .arguments import text_key
from .audit import first_entry
from .context import acting
from .terms import plan_terms

NEEDED = {
    Status.TRIALING: "trial_ends_at",
    Status.ACTIVE: "period_end",
    Status.GRACE: "period_end",
    Status.PAUSED: "period_end",
}


def complete(settings: Settings, subscription: Subscription, now: datetime) -> None:
    """Fill every column that was left out; raises a SubscriptionOpsError where that cannot be known."""
    text_key(subscription.account_id, "account_id")
    plan = _plan(settings, subscription)
    _default(subscription, status=Status.ACTIVE.value, product="default", version=1, created_at=now, updated_at=now)
    text_key(subscription.product, "product")
    _default(subscription, **plan_terms(plan))
    Money(subscription.amount, subscription.currency)
    _default(subscription, collected_by="local" if subscription.payment_method else "manual")
    _fill_term(subscription)
    _fill_ends(subscription, plan.policy, now)
    _default(subscription, anchor=subscription.period_start or now)


def _plan(settings: Settings, subscription: Subscription) -> Plan:
    try:
        return settings.plan(subscription.plan)
    except UnknownPlan as error:
        raise UnknownPlan(f"account {subscription.account_id}: {error}") from None


def arrival(subscription: Subscription) -> dict[str, Any]:
    """Return the audit entry of a subscription that moved in; the same before it is inserted and after."""
    return first_entry(subscription, Cause.MOVED_IN, acting.get())


def audit_arrival(connection: Connection, subscription: Subscription) -> None:
    """Write the first audit entry of a subscription that moved in; what an action began is told by that action."""
    entry = arrival(subscription)
    if entry["hash"] == subscription.audit_hash:
        connection.execute(insert(AuditEntry.__table__), entry)  # type: ignore[arg-type]  # a declarative table is one


def _default(subscription: Subscription, **values: Any) -> None:
    for name, value in values.items():
        if getattr(subscription, name) is None:
            setattr(subscription, name, value)


def _fill_term(subscription: Subscription) -> None:
    status, interval = Status(subscription.status), Interval(subscription.interval, subscription.interval_count)
    if status is not Status.TRIALING and subscription.period_end is None and subscription.period_start is not None:
        subscription.period_end = interval.after(subscription.period_start, 1)
    needed = NEEDED.get(status)
    if needed and getattr(subscription, needed) is None:
        raise InvalidInput(f"account {subscription.account_id}: a subscription that is {status.value} needs {needed}")
    if subscription.period_end is not None:
        _fill_start(subscription, subscription.period_end, interval)


def _fill_start(subscription: Subscription, end: datetime, interval: Interval) -> None:
    start = subscription.period_start or interval.after(end, -1)
    if start >= end:
        raise InvalidInput(f"account {subscription.account_id}: period_end must lie after period_start")
    subscription.period_start = start
    _default(subscription, anchor=start if interval.after(start, 1) == end else anchor_of(end, interval))


def _fill_ends(subscription: Subscription, policy: Policy, now: datetime) -> None:
    status = Status(subscription.status)
    if status is Status.TRIALING and subscription.trial_ends_at is not None:
        _default(subscription, period_start=subscription.trial_ends_at - timedelta(days=policy.trial_days))
    if status is Status.GRACE and subscription.period_end is not None:
        _default(subscription, grace_ends_at=subscription.period_end + timedelta(days=policy.grace_days))
    if status is Status.SUSPENDED:
        _default(subscription, suspended_at=now)
    if status is Status.PAUSED:
        _default(subscription, paused_at=now)
    if not subscription.is_live:
        _default(subscription, ended_at=now)
