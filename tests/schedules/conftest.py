from __future__ import annotations

from dataclasses import dataclass

import pytest

from flask_subscription_ops.schedules.example import EXAMPLE
from flask_subscription_ops.schedules.systemd import render


@dataclass(frozen=True)
class Job:
    name: str
    help: str
    calendar: tuple[str, ...]
    accuracy_seconds: int
    timeout_seconds: int
    memory_mb: int
    cpu_percent: int
    random_delay_seconds: int
    persistent: bool


JOBS = {
    "trial-check": Job(
        "trial-check",
        "Remind trials that end soon, expire those that ended",
        ("*-*-* 00/2:00:00 UTC", "*-*-* 09:00:00 UTC"),
        60,
        3600,
        512,
        50,
        300,
        True,
    ),
    "deliver": Job("deliver", "Deliver what is due", ("*-*-* *:*:00 UTC",), 1, 600, 512, 50, 0, False),
}


@pytest.fixture
def jobs():
    return tuple(JOBS.values())


@pytest.fixture
def units(jobs):
    """The example installation's units, by name."""
    return {name: text for name, text in render(EXAMPLE, jobs).items() if name.endswith((".service", ".timer"))}
