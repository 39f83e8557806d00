"""Run one job: guards first, then its work, then delivery; the run itself is a row."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ..actions.context import Context, context_of
from ..database.faults import is_unusable, unreachable
from ..domain.clock import as_instant
from ..errors import InvalidInput, NotReady, TimeTravelRefused
from ..models import JobRun
from ..models.schema import require_schema
from ..outbox.deliver import deliver
from ..runtime import Runtime
from ..signals import job_finished, send
from .guard import Stopped, require_deployment
from .job import Job
from .report import JobReport, Outcome

NO_LIMIT = 10**9


@dataclass
class Run:
    """One run under way: its instant, its limits, and the report it fills."""

    runtime: Runtime
    job: Job
    report: JobReport
    travels: bool = False  # dated by its caller, not by the clock
    limit: int = NO_LIMIT
    delivers: bool = True
    confirm: str | None = None
    progress: Callable[[int], None] = field(default=lambda done: None)

    @property
    def now(self) -> datetime:
        """The run's instant: the same for every row it looks at."""
        return self.report.as_of

    def clock(self) -> datetime:
        """The instant for what is written late in a long run."""
        return self.now if self.travels else self.runtime.clock()

    @property
    def room(self) -> int:
        """How many more subscriptions this run may look at."""
        return self.limit - self.report.examined

    def context(self, session: Session) -> Context:
        """Return what actions need."""
        return context_of(
            self.runtime,
            session,
            now=self.now,
            actor=self.job.name,
            run_id=self.report.run,
            rehearses=self.report.dry_run,
        )

    def transaction(self) -> AbstractContextManager[Session]:
        """A chunk's transaction: committed, or rolled back in a dry run."""
        return self.runtime.rehearsing() if self.report.dry_run else self.runtime.writing()


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
) -> Run:
    """Return a run that has not begun, its options checked; `limit` counts the rows it may look at."""
    report = JobReport(job.name, _instant(runtime, as_of, dry_run), dry_run)
    return Run(runtime, job, report, as_of is not None, _limit(limit), deliver and not dry_run, confirm, progress)


def carry_out(run: Run) -> JobReport:
    """Run it, and keep its row; the report is filled even where an error ends the run."""
    started = time.monotonic()
    try:
        with translating_database_errors(run.runtime):
            _guarded(run)
    finally:
        run.report.finish(time.monotonic() - started)
        _record(run)
    send(job_finished, run.runtime.app, report=run.report)
    return run.report


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
        raise InvalidInput(f"limit must be a whole number, at least 1, got {limit!r}")
    return limit


def _guarded(run: Run) -> None:
    try:
        with run.runtime.reading() as session:
            require_schema(session)
        require_deployment(run)
        _begin(run)
        run.job.function(run)
        if run.delivers and run.job.delivers:
            deliver(run.runtime, run.report.tally, run.clock, limit=NO_LIMIT)
    except Stopped as stopped:
        run.report.outcome = Outcome.STOPPED
        run.report.stopped_by, run.report.confirm = str(stopped), stopped.confirm
    except BaseException:
        run.report.outcome = Outcome.FAILED
        raise


def _begin(run: Run) -> None:
    if not run.report.dry_run:
        row = {"job": run.job.name, "started_at": run.runtime.clock(), "as_of": run.now, "report": {}}
        run.report.run = run.runtime.in_transaction(lambda session: _store_run(session, row))


def _store_run(session: Session, row: dict[str, Any]) -> int:
    table: Any = JobRun.__table__
    stored: Any = session.execute(insert(table).values(**row))
    return int(stored.inserted_primary_key[0])


def _record(run: Run) -> None:
    report = run.report
    if report.run is None:
        return
    counts = {name: getattr(report, name) for name in ("examined", "changed", "skipped", "failed", "confirm")}
    values: dict[str, Any] = {"finished_at": run.runtime.clock(), "outcome": report.outcome.value, **counts}
    statement = update(JobRun).where(JobRun.id == report.run).values(**values, report=report.to_dict())
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
