"""The audit, read back and verified."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..models import AuditEntry, Subscription
from ..runtime import Runtime

READ_AT_ONCE = 1000


def entries(runtime: Runtime, *, since: datetime | None, account_id: str | None) -> Iterator[dict[str, Any]]:
    """Yield the entries in the order they were written, without loading them all."""
    statement = select(AuditEntry).order_by(AuditEntry.id)
    if since is not None:
        statement = statement.where(AuditEntry.at >= since)
    if account_id is not None:
        statement = statement.where(AuditEntry.account_id == account_id)
    with runtime.reading() as session:
        for entry in session.scalars(statement.execution_options(yield_per=READ_AT_ONCE)):
            yield entry.to_dict()


def verify(runtime: Runtime, *, account_id: str | None = None) -> Iterator[str]:
    """Yield what is missing, repeated or contradictory, one sentence each."""
    with runtime.reading() as session:
        rows = session.execute(_with_subscription(account_id).execution_options(yield_per=READ_AT_ONCE))
        for subscription_id, chain in groupby(rows, key=lambda row: row.subscription_id):
            yield from _check(subscription_id, list(chain))
        yield from _unaudited(session, account_id)


def _with_subscription(account_id: str | None) -> Any:
    statement = (
        select(
            AuditEntry.subscription_id,
            AuditEntry.version,
            AuditEntry.from_status,
            AuditEntry.to_status,
            Subscription.version.label("now_version"),
            Subscription.status.label("now_status"),
        )
        .join_from(AuditEntry, Subscription, Subscription.id == AuditEntry.subscription_id, isouter=True)
        .order_by(AuditEntry.subscription_id, AuditEntry.version)
    )
    return statement if account_id is None else statement.where(AuditEntry.account_id == account_id)


def _check(subscription_id: int, chain: list[Any]) -> Iterator[str]:
    subject, before = Subscription.name_of(subscription_id), None
    for expected, entry in enumerate(chain, start=1):
        if entry.version != expected:
            yield f"{subject}: entry {expected} is missing or repeated, found version {entry.version}"
            return
        if entry.from_status != before:
            yield f"{subject}: entry {expected} begins at {entry.from_status}, the one before ended at {before}"
        before = entry.to_status
    last = chain[-1]
    if last.now_version is None:
        yield f"{subject}: has entries, and its subscription is gone"
    elif (last.now_version, last.now_status) != (last.version, last.to_status):
        yield (
            f"{subject}: is {last.now_status} at version {last.now_version},"
            f" the audit ends with {last.to_status} at version {last.version}"
        )


def _unaudited(session: Session, account_id: str | None) -> Iterator[str]:
    statement = (
        select(Subscription.id)
        .join_from(Subscription, AuditEntry, AuditEntry.subscription_id == Subscription.id, isouter=True)
        .where(AuditEntry.id.is_(None))
    )
    if account_id is not None:
        statement = statement.where(Subscription.account_id == account_id)
    for subscription_id in session.scalars(statement):
        yield f"{Subscription.name_of(subscription_id)}: has no audit at all"
