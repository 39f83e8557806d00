"""Run one job: guards first, then its function, then delivery; the run itself is a row."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ..database.faults import is_unusable, unreachable
from ..domain.clock import as_instant
from ..errors import InvalidInput, NotReady, Stopped, TimeTravelRefused
from ..models import JobRun
from ..models.schema import require_schema
from ..outbox.deliver import deliver
from ..outbox.delivery import NO_LIMIT, Delivery
from ..outside.text import clean
from ..runtime import Runtime
from ..signals import job_finished, send
from .guard import require_deployment
from .job import Job
from .mass_answer import MassAnswer
from .preview import list_due
from .report import JobReport, Outcome
from .run import Run


def new_run(
    runtime: Runtime,
    job: Job,
    *,
    as_of: datetime | None = None,
    dry_run: bool = False,
    limit: int | None = None,
    deliver: bool = True,
    confirm: str | None = None,
    progress: Callable[[int], None] = lambda done: None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Run:
    """Return a run that has not begun, its options checked.

    `limit` counts the rows it may look at. Once `is_stopping` says so, it ends after the chunk or effect in hand.
    """
    report = JobReport(job.name, _instant(runtime, as_of, dry_run), dry_run)
    travels, delivers = as_of is not None, deliver and job.delivers
    return Run(runtime, job, report, travels, _limit(limit), delivers, confirm, progress, is_stopping)


def carry_out(run: Run) -> JobReport:
    """Run it, and keep its row; the report is filled even where an error ends the run."""
    started = time.monotonic()
    with translating_database_errors(run.runtime):
        try:
            _guarded(run)
        finally:
            run.report.finish(time.monotonic() - started)
            try:
                _record(run)
            finally:
                send(job_finished, run.runtime.app, report=run.report)
    return run.report


def deliver_due(run: Run, *, limit: int = NO_LIMIT, progress: Callable[[int], None] = lambda done: None) -> int:
    """Deliver what is due, and return how many effects were handled; raises Stopped after a mass answer."""
    doubt = MassAnswer(run)
    delivery = Delivery(run.runtime, run.report.tally, run.clock, limit, progress, run.is_stopping, doubt.may_lose)
    handled = deliver(delivery)
    doubt.raise_stopped()
    return handled


def _instant(runtime: Runtime, as_of: datetime | None, dry_run: bool) -> datetime:
    if as_of is None:
        return runtime.clock()
    if not dry_run and not runtime.settings.allow_time_travel:
        raise TimeTravelRefused(
            "a run as of another time writes only where SUBS_ALLOW_TIME_TRAVEL is on;"
            " add --dry-run to see what it would do"
        )
    return as_instant(as_of, "as_of")


def _limit(limit: int | None) -> int:
    if limit is None:
        return NO_LIMIT
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise InvalidInput(f"limit must be a whole number, at least 1, got {clean(limit, max_bytes=100)}")
    return limit


def _guarded(run: Run) -> None:
    try:
        with run.runtime.reading() as session:
            deployment = require_schema(session)
        require_deployment(run, deployment)
        _begin(run)
        sends = run.delivers and not run.report.dry_run
        if sends:
            run.runtime.require_mail()
        run.job.function(run)
        if sends:
            deliver_due(run)
        elif run.delivers:
            list_due(run)
    except Stopped as stopped:
        run.report.outcome = Outcome.STOPPED
        run.report.stopped_by, run.report.confirm = str(stopped), stopped.confirm
    except BaseException:
        run.report.outcome = Outcome.FAILED
        raise


def _begin(run: Run) -> None:
    if not run.report.dry_run:
        row = {"job": run.job.name, "started_at": run.runtime.clock(), "as_of": run.now, "report": {}}
        run.report.run_id = run.runtime.in_transaction(lambda session: _store_run(session, row))


def _store_run(session: Session, row: dict[str, Any]) -> int:
    table: Any = JobRun.__table__
    stored: Any = session.execute(insert(table).values(**row))
    return int(stored.inserted_primary_key[0])


def _record(run: Run) -> None:
    report = run.report
    if report.run_id is None:
        return
    counts = {name: getattr(report, name) for name in ("examined", "changed", "skipped", "failed", "confirm")}
    values: dict[str, Any] = {"finished_at": run.runtime.clock(), "outcome": report.outcome.value, **counts}
    statement = update(JobRun).where(JobRun.id == report.run_id).values(**values, report=report.to_row())
    try:
        run.runtime.in_transaction(lambda session: session.execute(statement))
    except (DBAPIError, NotReady):
        # A database that went away ended the run, and that error is the one to show.
        if report.outcome is not Outcome.FAILED:
            raise


@contextmanager
def translating_database_errors(runtime: Runtime) -> Iterator[None]:
    """Turn an unreachable database into the error that says what to do."""
    try:
        yield
    except DBAPIError as error:
        if not is_unusable(error):
            raise
        raise unreachable(runtime.engine, error) from error
