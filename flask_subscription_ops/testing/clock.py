"""A clock that stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..domain.clock import as_instant, system_clock, to_text
from ..errors import InvalidInput
from .app import runtime_of

if TYPE_CHECKING:
    from flask import Flask


class MovingClock:
    """Shows one instant, at first the real one, until it is moved; it never goes back."""

    def __init__(self, now: datetime | None = None) -> None:
        self._now = system_clock() if now is None else as_instant(now, "now")

    def __call__(self) -> datetime:
        """Return the instant it shows, as a runtime asks for it."""
        return self._now

    @property
    def now(self) -> datetime:
        """The instant it shows, in UTC."""
        return self._now

    def to(self, instant: datetime) -> datetime:
        """Move on to an instant and return it; one that is over raises InvalidInput."""
        instant = as_instant(instant, "instant")
        if instant < self._now:
            shown, wanted = to_text(self._now), to_text(instant)
            raise InvalidInput(f"the clock shows {shown} and never goes back to {wanted}: begin with a new one")
        self._now = instant
        return instant

    def move(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Move on by so much time, a day being 24 hours, and return what it shows then."""
        return self.to(self._now + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))


@contextmanager
def moving_clock(app: Flask, now: datetime | None = None) -> Iterator[MovingClock]:
    """Let the app live by a clock that the test moves, and give its own back at the end."""
    runtime, clock = runtime_of(app), MovingClock(now)
    kept, runtime.clock = runtime.clock, clock
    try:
        yield clock
    finally:
        runtime.clock = kept
