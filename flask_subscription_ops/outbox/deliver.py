"""Deliver everything that is due, until nothing is or the limit is reached."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..runtime import Runtime
from .claim import CUT_OFF, take_back
from .run_operations import run_due_operations
from .send_emails import send_due_emails
from .tally import Tally

Progress = Callable[[], None]


def deliver(
    runtime: Runtime, tally: Tally, now: Callable[[], datetime], *, limit: int, progress: Progress = lambda: None
) -> int:
    """Return how many effects were claimed; `tally` says what became of them."""
    for message in take_back(runtime):
        tally.failed[message.kind] += 1
        tally.fail(message.effect_key, CUT_OFF)
    claimed = 0
    for channel in (run_due_operations, send_due_emails):
        while claimed < limit and (more := channel(runtime, tally, now, limit - claimed)):
            claimed += more
            progress()
    return claimed
