"""What a job is to the engine: a name, and the module that holds its function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Job:
    """One periodic task; its module is imported when it runs, and its `do(run)` is called.

    `calendar` is in systemd's notation (systemd.time(7)) and in UTC.
    """

    name: str
    help: str
    module: str
    calendar: tuple[str, ...]
    accuracy_seconds: int = 60
    random_delay_seconds: int = 300
    persistent: bool = True
    timeout_seconds: int = 3600
    memory_mb: int = 512
    cpu_percent: int = 50
    delivers: bool = True  # ends by sending what it queued

    @property
    def function(self) -> Callable[[Any], Any]:
        """Return what the job does with its run."""
        function: Callable[[Any], Any] = import_module(self.module).do
        return function
