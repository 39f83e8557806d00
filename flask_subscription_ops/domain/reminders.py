"""When a reminder is due, in the contact's own days.

A reminder of n days is due at the send hour of the local day that lies n days before the local day of the end.
Found later, it goes at once, and only the most urgent missed one goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cached_property, lru_cache

from .clock import UTC

ZONE_SPREAD = timedelta(
    hours=40
)  # no zone reaches a send hour more than this before UTC does (UTC+14, and a day of calendar)

CACHED = 4096  # days of calendars: many trials end on the same one


@dataclass(frozen=True)
class Reminder:
    """A reminder to queue now: `days` is its lead, `send_at` when it may go out."""

    days: int
    send_at: datetime


@dataclass(frozen=True)
class Ladder:
    """The reminders of one trial or term that runs from `start` to `end`.

    `leads` are days before the end; those not shorter than the whole length do not exist.
    """

    start: datetime
    end: datetime
    leads: Iterable[int]
    zone: tzinfo
    send_hour: int

    def due(self, now: datetime) -> Reminder | None:
        """Return the most urgent reminder that is due, or None; it waits for the send hour, if the end does too."""
        send_at = max(now, _send_hour_of(_day(now, self.zone), self.zone, self.send_hour))
        is_any_due = any(at <= now for _, at in self._rungs)
        if not is_any_due or send_at >= self.end:
            return None
        return Reminder(min(days for days, at in self._rungs if at <= send_at), send_at)

    def next_after(self, now: datetime) -> datetime | None:
        """Return when the next reminder becomes due after `now`, or None when there is none left."""
        return min((at for _, at in self._rungs if at > now), default=None)

    def is_overtaken(self, days: int, now: datetime) -> bool:
        """Tell whether a more urgent reminder than the one of `days` is due by now."""
        return any(other < days and at <= now for other, at in self._rungs)

    def instant(self, days: int) -> datetime:
        """Return when the reminder of `days` is due."""
        return _send_hour_of(self._last_day - timedelta(days=days), self.zone, self.send_hour)

    @cached_property
    def _last_day(self) -> date:
        return _day(self.end, self.zone)

    @cached_property
    def _rungs(self) -> Sequence[tuple[int, datetime]]:
        """The days of each reminder that exists, and when it is due."""
        length = self.end - self.start
        return [(days, self.instant(days)) for days in self.leads if length > timedelta(days=days)]


def earliest_look(start: datetime, end: datetime, leads: Iterable[int], send_hour: int) -> datetime | None:
    """Return an instant before which no reminder can be due in any zone, or None when none will ever be."""
    first = Ladder(start, end, leads, UTC, send_hour).next_after(start - ZONE_SPREAD)
    return first and first - ZONE_SPREAD


def days_between(now: datetime, end: datetime, zone: tzinfo) -> int:
    """Return how many of the zone's days lie between `now` and `end`, never less than zero."""
    return max(0, (_day(end, zone) - _day(now, zone)).days)


@lru_cache(maxsize=CACHED)
def _send_hour_of(day: date, zone: tzinfo, send_hour: int) -> datetime:
    try:
        return datetime.combine(day, time(send_hour), zone).astimezone(UTC)
    except OverflowError:  # within a day of year 1 or 9999, where some zones have no such hour
        return datetime.combine(day, time(send_hour), UTC)


def _day(instant: datetime, zone: tzinfo) -> date:
    try:
        return instant.astimezone(zone).date()
    except OverflowError:  # "9999-12-31" is how some write "never", and has no next morning
        return instant.date()
