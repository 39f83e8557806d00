"""Begin a subscription: a trial, or a paid term."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from ..domain.plans import Plan
from ..domain.states import Cause, Status
from ..errors import LiveSubscriptionExists, TrialUsed
from ..models import Subscription
from ..models.locking import take_write_lock
from .arguments import days_from, declared_plan, payment_method_from, text_key
from .audit import first_entry
from .change import Change, apply, begin
from .context import Context
from .lookup import had_trial, live, was_here
from .row import giving_way, lock
from .terms import first_look, plan_terms

# How the databases name the constraint that a second live subscription meets.
SECOND_LIVE = ("uq_subs_subscriptions_account_id_product_live", "subs_subscriptions.live")


def start_trial(
    context: Context,
    account_id: str,
    plan_key: str,
    *,
    days: int | None,
    product: str,
    payment_method: str | None,
    once: bool = False,
) -> Subscription:
    """Begin a trial of `days` days, or of the plan's own length; with `once`, only an account's first."""
    plan = declared_plan(context.settings, plan_key)
    payment_method = payment_method_from(payment_method)
    length = days_from(plan.policy.trial_days if days is None else days)
    subscription = _from_plan(context, account_id, product, plan, payment_method)
    subscription.status = Status.TRIALING.value
    subscription.trial_ends_at = end = context.now + length
    subscription.reminder_due_at = first_look(context.settings, plan.key, context.now, end)
    _add(context, subscription, Cause.TRIAL_STARTED, once=once)
    return subscription


def subscribe(
    context: Context, account_id: str, plan_key: str, *, product: str, payment_method: str | None
) -> Subscription:
    """Begin a paid term now; a live trial of the same product becomes that term."""
    plan = declared_plan(context.settings, plan_key)
    payment_method = payment_method_from(payment_method)
    trial = live(context.session, account_id, product)
    if trial is not None and lock(context, trial).status == Status.TRIALING:
        return _convert(context, trial, plan, payment_method)
    subscription = _from_plan(context, account_id, product, plan, payment_method)
    subscription.status = Status.ACTIVE.value
    subscription.period_end = plan.interval.after(context.now, 1)
    _add(context, subscription, Cause.SUBSCRIBED)
    return subscription


def _from_plan(context: Context, account_id: str, product: str, plan: Plan, payment_method: str | None) -> Subscription:
    return Subscription(
        account_id=text_key(account_id, "account_id"),
        product=text_key(product, "product"),
        plan=plan.key,
        **plan_terms(plan),
        anchor=context.now,
        period_start=context.now,
        payment_method=payment_method,
        collected_by="local" if payment_method else "manual",
        version=1,
        created_at=context.now,
        updated_at=context.now,
    )


def _convert(context: Context, trial: Subscription, plan: Plan, payment_method: str | None) -> Subscription:
    values = {
        "plan": plan.key,
        **plan_terms(plan),
        "anchor": context.now,
        "period_start": context.now,
        "period_end": plan.interval.after(context.now, 1),
        "cancel_at_period_end": False,
    }
    if payment_method:
        values |= {"payment_method": payment_method, "collected_by": "local"}
    apply(context, [Change(trial, Cause.SUBSCRIBED, values)])
    return trial


def _add(context: Context, subscription: Subscription, cause: Cause, *, once: bool = False) -> None:
    session = context.session
    with giving_way():
        take_write_lock(session)
    if live(session, subscription.account_id, subscription.product) is not None:
        raise _exists(subscription)
    if once and had_trial(session, subscription.account_id, subscription.product):
        raise TrialUsed(
            f"account {subscription.account_id} had its trial of {subscription.product!r} already:"
            " offer a subscription, or start the trial without once=True"
        )
    subscription.audit_hash = first_entry(subscription, cause, context.actor, context.run_id)["hash"]
    try:
        with giving_way(), session.begin_nested():
            session.add(subscription)
    except IntegrityError as error:
        if not any(name in str(error.orig) for name in SECOND_LIVE):
            raise
        raise _exists(subscription) from error
    begin(context, subscription, cause, comes_back=was_here(session, subscription))


def _exists(subscription: Subscription) -> LiveSubscriptionExists:
    return LiveSubscriptionExists(
        f"account {subscription.account_id} already has a live subscription to {subscription.product!r};"
        " use get() to find it, and cancel(at_period_end=False) to end it first"
    )
