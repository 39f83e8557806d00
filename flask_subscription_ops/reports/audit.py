"""The audit, read back and verified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..models import AuditEntry, Subscription
from ..models.audit import chained
from ..models.deployment import stored_deployment
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
    """Yield what is missing, repeated, rewritten or contradictory, one sentence each."""
    with runtime.reading() as session:
        rows = session.execute(_with_subscription(account_id).execution_options(yield_per=READ_AT_ONCE))
        for subscription_id, chain in groupby(rows, key=lambda row: row.AuditEntry.subscription_id):
            yield from _check(Subscription.name_of(subscription_id), list(chain))
        yield from _unaudited(session, account_id)
        if account_id is None:
            yield from _check_apart(session)


def _with_subscription(account_id: str | None) -> Any:
    now = [getattr(Subscription, name).label(f"now_{name}") for name in ("version", "status", "audit_hash")]
    statement = (
        select(AuditEntry, *now)
        .join_from(AuditEntry, Subscription, Subscription.id == AuditEntry.subscription_id, isouter=True)
        .where(AuditEntry.subscription_id.is_not(None))
        .order_by(AuditEntry.subscription_id, AuditEntry.version)
    )
    return statement if account_id is None else statement.where(AuditEntry.account_id == account_id)


def _check(subject: str, chain: Sequence[Any]) -> Iterator[str]:
    before = None
    for expected, (entry, *_) in enumerate(chain, start=1):
        if entry.version != expected:
            yield f"{subject}: entry {expected} is missing or repeated, found version {entry.version}"
            return
        if entry.from_status != before:
            yield f"{subject}: entry {expected} begins at {entry.from_status}, the one before ended at {before}"
        before = entry.to_status
    entries, last = [row.AuditEntry for row in chain], chain[-1]
    yield from _check_hashes(subject, entries)
    if last.now_version is None:
        yield f"{subject}: has entries, and its subscription is gone"
        return
    if (last.now_version, last.now_status) != (entries[-1].version, entries[-1].to_status):
        yield (
            f"{subject}: is {last.now_status} at version {last.now_version},"
            f" the audit ends with {entries[-1].to_status} at version {entries[-1].version}"
        )
    elif last.now_audit_hash != entries[-1].hash:
        yield f"{subject}: its last entry is not the one that was written with it"


def _check_apart(session: Session) -> Iterator[str]:
    apart = select(AuditEntry).where(AuditEntry.subscription_id.is_(None)).order_by(AuditEntry.id)
    entries = session.scalars(apart).all()
    yield from _check_hashes("entries about no subscription", entries)
    stored = stored_deployment(session)
    if (stored.audit_hash if stored else None) != (entries[-1].hash if entries else None):
        yield "entries about no subscription: the last one is not the one that was written last"


def _check_hashes(subject: str, entries: Sequence[AuditEntry]) -> Iterator[str]:
    """Entries from before there were hashes may stand at the beginning of a chain, and only there."""
    previous = None
    for number, entry in enumerate(entries, start=1):
        if (entry.hash or previous) and entry.hash != chained(previous, entry.content()):
            yield f"{subject}: entry {number} was rewritten, or stands where another one was"
            return
        previous = entry.hash


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
