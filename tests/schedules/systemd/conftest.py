from __future__ import annotations

import pytest

from flask_subscription_ops.jobs.table import JOBS
from flask_subscription_ops.schedules.systemd.example import EXAMPLE
from flask_subscription_ops.schedules.systemd.units import render


@pytest.fixture
def jobs():
    return tuple(JOBS.values())


@pytest.fixture
def units(jobs):
    """The example installation's units, by name."""
    return {name: text for name, text in render(EXAMPLE, jobs).items() if name.endswith((".service", ".timer"))}
