"""When a reminder is due, in the contact's own days.

A reminder of n days is due at the send hour of the local day that lies n days before the local day of the end.
Found later, it goes at once, and only the most urgent missed one goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from .clock import UTC

ZONE_SPREAD = timedelta(hours=40)  # a local send hour lies less than this before the same hour in UTC


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
        send_at = max(now, self._send_hour_of(now.astimezone(self.zone).date()))
        reached = [days for days in self._leads() if self.instant(days) <= now]
        if not reached or send_at >= self.end:
            return None
        return Reminder(min(days for days in self._leads() if self.instant(days) <= send_at), send_at)

    def next_after(self, now: datetime) -> datetime | None:
        """Return when the next reminder becomes due after `now`, or None when there is none left."""
        return min((at for days in self._leads() if (at := self.instant(days)) > now), default=None)

    def is_overtaken(self, days: int, now: datetime) -> bool:
        """Tell whether a more urgent reminder than the one of `days` is due by now."""
        return any(other < days and self.instant(other) <= now for other in self._leads())

    def instant(self, days: int) -> datetime:
        """Return when the reminder of `days` is due."""
        return self._send_hour_of(self.end.astimezone(self.zone).date() - timedelta(days=days))

    def _leads(self) -> list[int]:
        return sorted(days for days in set(self.leads) if self.end - self.start > timedelta(days=days))

    def _send_hour_of(self, day: date) -> datetime:
        return datetime.combine(day, time(self.send_hour), self.zone).astimezone(UTC)


def earliest_look(start: datetime, end: datetime, leads: Iterable[int], send_hour: int) -> datetime | None:
    """Return an instant before which no reminder can be due in any zone, or None when none will ever be."""
    first = Ladder(start, end, leads, UTC, send_hour).next_after(start - ZONE_SPREAD)
    return first and first - ZONE_SPREAD


def days_between(now: datetime, end: datetime, zone: tzinfo) -> int:
    """Return how many of the zone's days lie between `now` and `end`, never less than zero."""
    return max(0, (end.astimezone(zone).date() - now.astimezone(zone).date()).days)
