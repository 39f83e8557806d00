"""Begin a subscription: a trial, or a paid term."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from ..domain.periods import Interval
from ..domain.plans import Plan
from ..domain.reminders import earliest_look
from ..domain.states import Cause, Status
from ..errors import InvalidInput, LiveSubscriptionExists
from ..models import Subscription
from ..models.locking import take_write_lock
from ..outside.text import clean, require_text
from .change import Change, apply, begin, lock
from .work import Work

KEY_LENGTHS = {"account_id": 191, "product": 64, "plan": 64}
PAYMENT_METHOD_LENGTH = 255


def start_trial(
    work: Work, account_id: str, plan_key: str, *, days: int | None, product: str, payment_method: str | None
) -> Subscription:
    """Begin a trial of `days` days, or of the plan's own length."""
    plan = _plan(work, plan_key, payment_method)
    length = days_from(plan.policy.trial_days if days is None else days)
    subscription = _from_plan(work, account_id, product, plan, payment_method)
    subscription.status = Status.TRIALING.value
    subscription.trial_ends_at = work.now + length
    subscription.reminder_due_at = first_look(work, subscription)
    _add(work, subscription, Cause.TRIAL_STARTED)
    return subscription


def subscribe(work: Work, account_id: str, plan_key: str, *, product: str, payment_method: str | None) -> Subscription:
    """Begin a paid term now; a live trial of the same product becomes that term."""
    plan = _plan(work, plan_key, payment_method)
    trial = live(work, account_id, product)
    if trial is not None and trial.status == Status.TRIALING:
        return _convert(work, lock(work, trial), plan, payment_method)
    subscription = _from_plan(work, account_id, product, plan, payment_method)
    subscription.status = Status.ACTIVE.value
    subscription.period_end = plan.interval.after(work.now, 1)
    _add(work, subscription, Cause.SUBSCRIBED)
    return subscription


def live(work: Work, account_id: str, product: str) -> Subscription | None:
    """Return the account's live subscription to the product."""
    wanted = select(Subscription).where(
        Subscription.account_id == text_key(account_id, "account_id"),
        Subscription.product == text_key(product, "product"),
        Subscription.live.is_(True),
    )
    return work.session.scalars(wanted).one_or_none()


def first_look(work: Work, subscription: Subscription) -> datetime | None:
    """Return when the reminders of a trial are to be looked at first."""
    start, end = subscription.period_start, subscription.trial_ends_at
    if start is None or end is None:
        return None
    policy = work.settings.policy(subscription.plan)
    return earliest_look(start, end, policy.trial_reminder_days, work.settings.send_hour)


def days_from(days: object) -> timedelta:
    """Return whole days, one to ten years of them."""
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= 3650:
        raise InvalidInput(f"days must be a whole number from 1 to 3650, got {clean(days, max_bytes=100)}")
    return timedelta(days=days)


def text_key(value: object, name: str) -> str:
    """Return a key as it is stored; anything but a short, non-empty line raises InvalidInput."""
    key = require_text(value, name, longest=KEY_LENGTHS[name], remedy="pass str(company.id)")
    if key != key.strip():  # MariaDB takes "a" and "a " for the same key
        raise InvalidInput(f"{name} must not begin or end with a space: pass str(company.id)")
    return key


def _plan(work: Work, key: object, payment_method: object) -> Plan:
    """Return the declared plan; raises InvalidInput where it or the payment method cannot be kept."""
    if payment_method is not None:
        require_text(payment_method, "payment_method", longest=PAYMENT_METHOD_LENGTH, shortest=0)
    return work.settings.plan(require_text(key, "plan", longest=KEY_LENGTHS["plan"]))


def _from_plan(work: Work, account_id: str, product: str, plan: Plan, payment_method: str | None) -> Subscription:
    return Subscription(
        account_id=text_key(account_id, "account_id"),
        product=text_key(product, "product"),
        plan=plan.key,
        **plan_terms(plan),
        anchor=work.now,
        period_start=work.now,
        payment_method=payment_method,
        collected_by="local" if payment_method else "manual",
        created_at=work.now,
        updated_at=work.now,
    )


def plan_terms(plan: Plan) -> dict[str, object]:
    """Return the snapshot of a plan that a subscription keeps."""
    interval: Interval = plan.interval
    return {
        "amount": plan.price.amount,
        "currency": plan.price.currency,
        "interval": interval.unit,
        "interval_count": interval.count,
    }


def _convert(work: Work, trial: Subscription, plan: Plan, payment_method: str | None) -> Subscription:
    values = {
        "plan": plan.key,
        **plan_terms(plan),
        "anchor": work.now,
        "period_start": work.now,
        "period_end": plan.interval.after(work.now, 1),
        "cancel_at_period_end": False,
    }
    if payment_method:
        values |= {"payment_method": payment_method, "collected_by": "local"}
    apply(work, [Change(trial, Cause.SUBSCRIBED, values)])
    return trial


def _add(work: Work, subscription: Subscription, cause: Cause) -> None:
    take_write_lock(work.session)
    _refuse_second(work, subscription)
    subscription.version = 1
    subscription.begun_by = cause  # type: ignore[misc]  # this row's own
    try:
        with work.session.begin_nested():
            work.session.add(subscription)
    except IntegrityError as error:
        raise _exists(subscription) from error
    begin(work, subscription, cause, comes_back=_was_here(work, subscription))


def _was_here(work: Work, subscription: Subscription) -> bool:
    same = select(Subscription.id).where(
        Subscription.account_id == subscription.account_id,
        Subscription.product == subscription.product,
        Subscription.id != subscription.id,
    )
    return work.session.scalars(same.limit(1)).first() is not None


def _refuse_second(work: Work, subscription: Subscription) -> None:
    if live(work, subscription.account_id, subscription.product) is not None:
        raise _exists(subscription)


def _exists(subscription: Subscription) -> LiveSubscriptionExists:
    return LiveSubscriptionExists(
        f"account {subscription.account_id} already has a live subscription to {subscription.product!r};"
        " use get() to find it, and cancel(at_period_end=False) to end it first"
    )
