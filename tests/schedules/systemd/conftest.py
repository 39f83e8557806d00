from __future__ import annotations

import pytest

from flask_subscription_ops.jobs.table import TIMERS
from flask_subscription_ops.schedules.systemd.example import EXAMPLE
from flask_subscription_ops.schedules.systemd.units import render


@pytest.fixture
def timers():
    return tuple(TIMERS.values())


@pytest.fixture
def units(timers):
    """The example installation's units, by name."""
    return {name: text for name, text in render(EXAMPLE, timers).items() if name.endswith((".service", ".timer"))}
