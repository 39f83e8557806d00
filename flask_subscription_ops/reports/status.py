"""Where everything stands, in one object."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, load_only

from ..database.readable import Row, readable
from ..database.sessions import Database
from ..domain.clock import to_text
from ..domain.retry import EffectState
from ..jobs.table import JOBS
from ..models import JobRun, OutboxMessage, Subscription
from ..models.deployment import stored_deployment
from ..runs.report import Outcome
from ..runtime import Runtime

UNFINISHED = (EffectState.PENDING.value, EffectState.SENDING.value)
LOOKED_AT = 20  # rows, of which the first may be unreadable


def status(runtime: Runtime) -> dict[str, Any]:
    """Return counts of subscriptions and effects, how late the oldest effect is, and how each job last ran."""
    with runtime.reading() as session:
        stored = stored_deployment(session)
        counts = {
            "deployment": stored.name if stored else None,
            "subscriptions": _counts(session, Subscription.status),
            "effects": _counts(session, OutboxMessage.state),
        }
    return {
        **counts,
        "oldest_due_seconds": _oldest_due(runtime.database, runtime.clock()),
        "jobs": {job: _job(runtime.database, job) for job in JOBS},
    }


def _counts(session: Session, column: Any) -> dict[str, int]:
    rows = session.execute(select(column, func.count()).group_by(column).order_by(column))
    return {value: count for value, count in rows}  # noqa: C416  # rows are not pairs to dict()


def _oldest_due(database: Database, now: datetime) -> float:
    waiting = select(OutboxMessage).options(load_only(OutboxMessage.due_at)).where(OutboxMessage.state.in_(UNFINISHED))
    oldest = _first(database, OutboxMessage, waiting.order_by(OutboxMessage.due_at), "due_at")
    return max(0.0, round((now - oldest.due_at).total_seconds(), 1)) if oldest else 0.0


def _job(database: Database, job: str) -> dict[str, Any]:
    runs = select(JobRun).options(load_only(JobRun.started_at, JobRun.outcome)).where(JobRun.job == job)
    runs = runs.order_by(JobRun.started_at.desc(), JobRun.id.desc())
    last = _first(database, JobRun, runs, "started_at")
    success = _first(database, JobRun, runs.where(JobRun.outcome == Outcome.OK.value), "started_at")
    return {
        "last_run": to_text(last.started_at) if last else None,
        "last_success": to_text(success.started_at) if success else None,
        "outcome": last.outcome if last else None,
    }


def _first(database: Database, of: type[Row], wanted: Select[Any], instant: str) -> Row | None:
    """Return the first row whose instant can be read."""
    found = readable(database, of, wanted.limit(LOOKED_AT))
    return next((row for row in found if getattr(row, instant) is not None), None)
