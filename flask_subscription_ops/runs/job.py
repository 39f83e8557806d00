"""What a job is to the engine: a name, the module that holds its function, and what it may use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Job:
    """One periodic task; its module is imported when it runs, and its `do(run)` is called."""

    name: str
    help: str
    module: str
    timeout_seconds: int = 3600
    memory_mb: int = 512
    cpu_percent: int = 50
    delivers: bool = True  # ends by sending what it queued

    @property
    def function(self) -> Callable[[Any], Any]:
        """Return what the job does with its run."""
        function: Callable[[Any], Any] = import_module(self.module).do
        return function
