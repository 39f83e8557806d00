"""The jobs there are and the timers that ring them: every scheduler's files are written from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..domain.schedule import Daily, Every
from ..errors import UnknownJob
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
    job = JOBS.get(name)
    if job is None:
        raise UnknownJob(f"there is no job {name!r}; there are {', '.join(sorted(JOBS))}")
    return job


def run_job(runtime: Runtime, name: str, **options: Any) -> JobReport:
    """Run a job now, or as of another instant, and return its report; `options` are those of `new_run`.

    Raises NotReady where the database cannot be used and TimeTravelRefused where a run dated elsewhere would write.
    """
    from ..runs.run import carry_out, new_run

    return carry_out(new_run(runtime, find_job(name), **options))
