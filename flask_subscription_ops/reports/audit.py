"""The audit, read back and verified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Select, select

from ..database.readable import pages, readable
from ..models import AuditEntry, Subscription
from ..models.audit import chained
from ..models.deployment import stored_deployment
from ..models.types import Unreadable
from ..runtime import Runtime

READ_AT_ONCE = 1000
CHAINS_AT_ONCE = 200


def entries(runtime: Runtime, *, since: datetime | None, account_id: str | None) -> Iterator[dict[str, Any]]:
    """Yield the entries in the order they were written, without loading them all."""
    statement = select(AuditEntry)
    if since is not None:
        statement = statement.where(AuditEntry.at >= since)
    if account_id is not None:
        statement = statement.where(AuditEntry.account_id == account_id)
    for found in pages(runtime.database, AuditEntry, statement, READ_AT_ONCE):
        yield from (entry.to_dict() for entry in found)


def is_known(runtime: Runtime, account_id: str) -> bool:
    """Tell whether anything was ever written about the account."""
    with runtime.reading() as session:
        return session.scalar(select(AuditEntry.id).where(AuditEntry.account_id == account_id).limit(1)) is not None


def verify(runtime: Runtime, *, account_id: str | None = None) -> Iterator[str]:
    """Yield what is missing, repeated, rewritten or contradictory, one sentence each."""
    last = 0
    while ids := _behind(runtime, last, account_id):
        yield from _check_chains(runtime, ids)
        last = ids[-1]
    yield from _unaudited(runtime, account_id)
    if account_id is None:
        yield from _check_apart(runtime)


def _behind(runtime: Runtime, last: int, account_id: str | None) -> list[int]:
    """Return the next subscriptions that have entries, in the order of their ids."""
    key: Any = AuditEntry.subscription_id
    wanted = select(key).where(key > last).distinct().order_by(key).limit(CHAINS_AT_ONCE)
    if account_id is not None:
        wanted = wanted.where(AuditEntry.account_id == account_id)
    with runtime.reading() as session:
        return list(session.scalars(wanted))


def _check_chains(runtime: Runtime, ids: Sequence[int]) -> Iterator[str]:
    try:
        with runtime.reading() as session:
            rows = session.execute(_with_subscription(ids)).all()
    except Exception as error:
        runtime.require_other_reason(error)
        broken = _broken(runtime, ids)
        if not broken:
            raise
        yield from broken.values()
        yield from _check_chains(runtime, [each for each in ids if each not in broken])
        return
    for subscription_id, chain in groupby(rows, key=lambda row: row.AuditEntry.subscription_id):
        yield from _check(Subscription.name_of(subscription_id), list(chain))


def _broken(runtime: Runtime, ids: Sequence[int]) -> dict[int, str]:
    """Return a sentence for each of these subscriptions that has an entry that cannot be read."""
    of_these = select(AuditEntry).where(AuditEntry.subscription_id.in_(ids)).order_by(AuditEntry.version.desc())
    return {
        entry.subscription_id: f"{Subscription.name_of(entry.subscription_id)}: entry {entry.version}: {entry.fault}"
        for entry in readable(runtime.database, AuditEntry, of_these)
        if entry.fault and entry.subscription_id is not None
    }


def _with_subscription(ids: Sequence[int]) -> Select[Any]:
    """Select entries beside what their subscription is at the same moment."""
    now = [getattr(Subscription, name).label(f"now_{name}") for name in ("version", "status", "audit_hash")]
    return (
        select(AuditEntry, *now)
        .join_from(AuditEntry, Subscription, Subscription.id == AuditEntry.subscription_id, isouter=True)
        .where(AuditEntry.subscription_id.in_(ids))
        .order_by(AuditEntry.subscription_id, AuditEntry.version)
    )


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
    rewritten = list(_check_hashes(subject, entries))
    yield from rewritten
    if last.now_version is None:
        yield f"{subject}: has entries, and its subscription is gone"
        return
    if (last.now_version, last.now_status) != (entries[-1].version, entries[-1].to_status):
        yield (
            f"{subject}: is {last.now_status} at version {last.now_version},"
            f" the audit ends with {entries[-1].to_status} at version {entries[-1].version}"
        )
    elif not rewritten and last.now_audit_hash != entries[-1].hash:
        yield f"{subject}: its last entry is not the one that was written with it"


def _check_apart(runtime: Runtime) -> Iterator[str]:
    apart = select(AuditEntry).where(AuditEntry.subscription_id.is_(None)).order_by(AuditEntry.id)
    entries = readable(runtime.database, AuditEntry, apart)
    yield from _check_hashes("entries about no subscription", entries)
    with runtime.reading() as session:
        stored = stored_deployment(session)
    if (stored.audit_hash if stored else None) != (entries[-1].hash if entries else None):
        yield "entries about no subscription: the last one is not the one that was written last"


def _check_hashes(subject: str, entries: Sequence[AuditEntry]) -> Iterator[str]:
    """Entries from before there were hashes may stand at the beginning of a chain, and only there."""
    previous = None
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry.details, Unreadable):
            yield f"{subject}: the details of entry {number} are {entry.details}"
            return
        if entry.fault:
            yield f"{subject}: entry {number}: {entry.fault}"
            return
        if (entry.hash or previous) and entry.hash != chained(previous, entry.content()):
            yield f"{subject}: entry {number} was rewritten, or stands where another one was"
            return
        previous = entry.hash


def _unaudited(runtime: Runtime, account_id: str | None) -> Iterator[str]:
    statement = (
        select(Subscription.id)
        .join_from(Subscription, AuditEntry, AuditEntry.subscription_id == Subscription.id, isouter=True)
        .where(AuditEntry.id.is_(None))
    )
    if account_id is not None:
        statement = statement.where(Subscription.account_id == account_id)
    with runtime.reading() as session:
        ids = session.scalars(statement).all()
    for subscription_id in ids:
        yield f"{Subscription.name_of(subscription_id)}: has no audit at all"
