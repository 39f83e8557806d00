"""The jobs there are and the timers that ring them: every scheduler's files are written from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from ..domain.schedule import Daily, Every
from ..errors import UnknownJob
from ..outside.text import clean
from ..runs.job import Job
from .timer import Timer

if TYPE_CHECKING:
    from ..runs.report import JobReport
    from ..runtime import Runtime


JOBS: Mapping[str, Job] = {
    job.name: job
    for job in (
        Job(
            "trial-check",
            "Remind trials before their end, and end those whose time is up.",
            f"{__package__}.trial_check",
        ),
        Job(
            "deliver",
            "Send the emails and carry out the workspace operations that are due.",
            f"{__package__}.deliver",
            timeout_seconds=300,
            delivers=False,
        ),
    )
}

TIMERS: Mapping[str, Timer] = {
    timer.name: timer
    for timer in (
        Timer("trial-check", JOBS["trial-check"], when=(Every(hours=2), Daily("09:00"))),
        Timer(
            "deliver",
            JOBS["deliver"],
            when=(Every(minutes=1),),
            accuracy_seconds=1,
            delay_seconds=0,
            persistent=False,
        ),
    )
}


def find_job(name: str) -> Job:
    """Return the job; raises UnknownJob, naming those there are."""
    if not isinstance(name, str) or name not in JOBS:
        raise UnknownJob(f"there is no job {clean(name, max_bytes=100)!r}; there are {', '.join(sorted(JOBS))}")
    return JOBS[name]


def run_job(
    runtime: Runtime,
    name: str,
    *,
    as_of: datetime | None = None,
    dry_run: bool = False,
    deliver: bool = True,
    limit: int | None = None,
    confirm: str | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> JobReport:
    """Run a job now, or as of another instant, and return its report.

    Raises NotReady where the database cannot be used and TimeTravelRefused where a run dated elsewhere would write.
    """
    from ..runs.engine import carry_out, new_run

    job = find_job(name)
    return carry_out(
        new_run(
            runtime,
            job,
            as_of=as_of,
            dry_run=dry_run,
            deliver=deliver,
            limit=limit,
            confirm=confirm,
            progress=progress,
        )
    )
