"""One allowance of time for everything that an outside call does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ..errors import DeadlineExceeded

T = TypeVar("T")


class Deadline:
    """An instant, `seconds` from now, that all steps of one call share."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left, more than zero; raise TimeoutError when none are."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the time for this call is over")
        return seconds


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return what the call returns; raise DeadlineExceeded when it has not returned in time.

    For libraries that only limit single reads. A late call is abandoned, not stopped: it may still succeed.
    """
    results: list[T] = []
    faults: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as fault:  # raised again in the caller's thread
            faults.append(fault)

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    worker.join(seconds)
    if faults:
        raise faults[0]
    if not results:
        raise DeadlineExceeded(f"no answer within {seconds:g} seconds")
    return results[0]
