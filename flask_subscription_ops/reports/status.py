"""Where everything stands, in one object."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..domain.clock import to_text
from ..domain.retry import UNFINISHED
from ..jobs.table import JOBS
from ..models import JobRun, OutboxMessage, Subscription
from ..models.deployment import stored_deployment
from ..runs.report import Outcome
from ..runtime import Runtime


def status(runtime: Runtime) -> dict[str, Any]:
    """Return counts of subscriptions and effects, how late the oldest effect is, and how each job last ran."""
    with runtime.reading() as session:
        stored = stored_deployment(session)
        return {
            "deployment": stored.name if stored else None,
            "subscriptions": _counts(session, Subscription.status),
            "effects": _counts(session, OutboxMessage.state),
            "oldest_due_seconds": _oldest_due(session, runtime.clock()),
            "jobs": {job: _job(session, job) for job in JOBS},
        }


def _counts(session: Session, column: Any) -> dict[str, int]:
    rows = session.execute(select(column, func.count()).group_by(column).order_by(column))
    return {value: count for value, count in rows}  # noqa: C416  # rows are not pairs to dict()


def _oldest_due(session: Session, now: datetime) -> float:
    due_at = select(func.min(OutboxMessage.due_at)).where(OutboxMessage.being(*UNFINISHED))
    oldest: datetime | None = session.scalar(due_at)
    return max(0.0, round((now - oldest).total_seconds(), 1)) if oldest else 0.0


def _job(session: Session, job: str) -> dict[str, Any]:
    runs = select(JobRun).where(JobRun.job == job).order_by(JobRun.started_at.desc(), JobRun.id.desc()).limit(1)
    last = session.scalars(runs).one_or_none()
    success = session.scalars(runs.where(JobRun.outcome == Outcome.OK.value)).one_or_none()
    return {
        "last_run": to_text(last.started_at) if last else None,
        "last_success": to_text(success.started_at) if success else None,
        "outcome": last.outcome if last else None,
    }
