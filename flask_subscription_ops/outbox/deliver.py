"""Deliver everything that is due, until nothing is or the limit is reached."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..runtime import Runtime
from .claim import take_back
from .run_operations import run_due_operations
from .send_emails import send_due_emails
from .settle import report_failure
from .tally import Tally

Progress = Callable[[], None]


def deliver(
    runtime: Runtime, tally: Tally, now: Callable[[], datetime], *, limit: int, progress: Progress = lambda: None
) -> int:
    """Return how many effects were claimed; `tally` says what became of them."""
    for message, state, error in take_back(runtime):
        report_failure(runtime, tally, message, state, error)
    claimed, busy = 0, [run_due_operations, send_due_emails]
    while claimed < limit and busy:
        channel = busy.pop(0)
        if more := channel(runtime, tally, now, limit - claimed):
            busy.append(channel)  # in turn, so that slow operations hold no email back
            claimed += more
            progress()
    return claimed
