"""Find the subscription of an account."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ..models import Subscription
from .arguments import text_key


def latest(session: Session, account_id: str, product: str) -> Subscription | None:
    """Return the account's live subscription to the product, else its latest one, read anew."""
    wanted = _of(account_id, product).order_by(Subscription.live.is_(None), Subscription.id.desc()).limit(1)
    # A job may have changed it since this session saw it.
    found: Subscription | None = session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()
    return found


def live(session: Session, account_id: str, product: str) -> Subscription | None:
    """Return the account's live subscription to the product."""
    found: Subscription | None = session.scalars(
        _of(account_id, product).where(Subscription.live.is_(True))
    ).one_or_none()
    return found


def had_trial(session: Session, account_id: str, product: str) -> bool:
    """Tell whether the account has or had a trial of the product."""
    trials = _of(account_id, product).where(Subscription.trial_ends_at.is_not(None))
    return session.scalars(trials.limit(1)).first() is not None


def was_here(session: Session, subscription: Subscription) -> bool:
    """Tell whether the account had another subscription to the same product."""
    others = _of(subscription.account_id, subscription.product).where(Subscription.id != subscription.id)
    return session.scalars(others.limit(1)).first() is not None


def _of(account_id: str, product: str) -> Select[Any]:
    return select(Subscription).where(
        Subscription.account_id == text_key(account_id, "account_id"),
        Subscription.product == text_key(product, "product"),
    )
