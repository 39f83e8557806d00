"""The jobs there are: what each is called, when it runs, and what it may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import UnknownJob

if TYPE_CHECKING:
    from .run import Run


@dataclass(frozen=True)
class Job:
    """One periodic task; `calendar` is in systemd's notation (systemd.time(7)) and in UTC."""

    name: str
    help: str
    calendar: tuple[str, ...]
    accuracy_seconds: int = 60
    random_delay_seconds: int = 300
    persistent: bool = True
    timeout_seconds: int = 3600
    memory_mb: int = 512
    cpu_percent: int = 50
    delivers: bool = True  # ends by sending what it queued

    @property
    def work(self) -> Callable[[Run], Any]:
        """The function of the job's own module, imported when it is needed."""
        module = import_module(f".{self.name.replace('-', '_')}", __package__)
        function: Callable[[Run], Any] = module.run
        return function


JOBS: Mapping[str, Job] = {
    job.name: job
    for job in (
        Job(
            "trial-check",
            "Remind trials before their end, and end those whose time is up.",
            ("*-*-* 00/2:00:00 UTC", "*-*-* 09:00:00 UTC"),
        ),
        Job(
            "deliver",
            "Send the emails and carry out the workspace operations that are due.",
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
