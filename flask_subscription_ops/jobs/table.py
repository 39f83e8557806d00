"""The jobs there are: what each is called, when it runs, and what it may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from ..errors import UnknownJob
from ..runs.job import Job

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
            ("*-*-* 00/2:00:00 UTC", "*-*-* 09:00:00 UTC"),
        ),
        Job(
            "deliver",
            "Send the emails and carry out the workspace operations that are due.",
            f"{__package__}.deliver",
            ("*-*-* *:*:00 UTC",),
            accuracy_seconds=1,
            random_delay_seconds=0,
            persistent=False,
            delivers=False,
        ),
    )
}


def find_job(name: str) -> Job:
    """Return the job; raises UnknownJob, naming those there are."""
    job = JOBS.get(name)
    if job is None:
        raise UnknownJob(f"there is no job {name!r}; there are {', '.join(sorted(JOBS))}")
    return job


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
    from ..runs.run import carry_out, new_run

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
