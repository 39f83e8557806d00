"""Subscriptions, found by what people ask for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select

from ..database.readable import pages
from ..models import Subscription
from ..runtime import Runtime

READ_AT_ONCE = 1000


def subscriptions(
    runtime: Runtime, *, status: str | None = None, plan: str | None = None, ending: int | None = None
) -> Iterator[list[Subscription]]:
    """Yield them in the order in which they were begun, a thousand at a time.

    `ending` are days: those whose trial, term or grace ends within so many, or should have ended already.
    """
    wanted = select(Subscription)
    if status is not None:
        wanted = wanted.where(Subscription.status == status)
    if plan is not None:
        wanted = wanted.where(Subscription.plan == plan)
    if ending is not None:
        wanted = wanted.where(Subscription.ending_by(runtime.clock() + timedelta(days=ending)))
    return pages(runtime.database, Subscription, wanted, READ_AT_ONCE)
