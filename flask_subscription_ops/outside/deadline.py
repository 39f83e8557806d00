"""One allowance of time for everything that an outside call does."""

from __future__ import annotations

import time


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

    def share(self, steps: int) -> float:
        """Return what one of so many steps to come may take, so that a silent one leaves time for the others."""
        return self.remaining() / steps
