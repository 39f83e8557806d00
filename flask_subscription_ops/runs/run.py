"""One run of a job under way: its instant, its limits, and the report it fills."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from ..actions.context import Context, context_of
from ..outbox.delivery import NO_LIMIT
from ..runtime import Runtime
from .job import Job
from .report import JobReport

Result = TypeVar("Result")


@dataclass
class Run:
    """One run under way: its instant, its limits, and the report it fills."""

    runtime: Runtime
    job: Job
    report: JobReport
    travels: bool = False  # dated by its caller, not by the clock
    limit: int = NO_LIMIT
    delivers: bool = True  # at its end; a dry run lists what that would send
    confirm: str | None = None
    progress: Callable[[int], None] = field(default=lambda done: None)
    is_stopping: Callable[[], bool] = field(default=lambda: False)  # asked between chunks, and between effects

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
        return 0 if self.is_stopping() else self.limit - self.report.examined

    def context(self, session: Session) -> Context:
        """Return what actions need."""
        return context_of(
            self.runtime,
            session,
            now=self.now,
            actor=self.job.name,
            run_id=self.report.run_id,
            rehearses=self.report.dry_run,
        )

    def in_transaction(self, work: Callable[[Session], Result]) -> Result:
        """Do a chunk's work in one transaction: committed, or rolled back in a dry run."""
        return self.runtime.in_transaction(work, rehearses=self.report.dry_run)
