"""When a timer rings: rhythms in no scheduler's language, all in UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Protocol

from ..errors import InvalidInput
from .clock import UTC, as_instant

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY = timedelta(days=1)


class Rhythm(Protocol):
    """Instants that come again for ever."""

    def next_after(self, instant: datetime) -> datetime:
        """Return the first of them that is later than `instant`."""


@dataclass(frozen=True)
class Every:
    """Every few minutes or hours, counted from midnight: a number that divides the hour or the day.

    Anything else would beat unevenly where one hour or day meets the next, as it does in cron.
    """

    minutes: int = 0
    hours: int = 0

    def __post_init__(self) -> None:
        if not _divides(self.minutes, 60) and not _divides(self.hours, 24):
            raise InvalidInput(f"{self!r} must be minutes that divide 60 or hours that divide 24, and less than that")
        if self.minutes and self.hours:
            raise InvalidInput(f"{self!r} must be either minutes or hours")

    @property
    def period(self) -> timedelta:
        """The time from one instant to the next."""
        return timedelta(minutes=self.minutes, hours=self.hours)

    def next_after(self, instant: datetime) -> datetime:
        """Return the first instant that is later than `instant`."""
        midnight = _at(instant, time())
        return midnight + ((as_instant(instant) - midnight) // self.period + 1) * self.period


@dataclass(frozen=True)
class Daily:
    """Every day at one time, written `HH:MM`."""

    at: str

    def __post_init__(self) -> None:
        time_of_day(self.at)

    def next_after(self, instant: datetime) -> datetime:
        """Return the first instant that is later than `instant`."""
        today = _at(instant, time_of_day(self.at))
        return today if today > instant else today + DAY


@dataclass(frozen=True)
class Weekly:
    """Once a week, on a day called by its English name, at a time written `HH:MM`."""

    day: str
    at: str

    def __post_init__(self) -> None:
        if self.day not in DAYS:
            raise InvalidInput(f"the day must be one of {', '.join(DAYS)}, got {self.day!r}")
        time_of_day(self.at)

    def next_after(self, instant: datetime) -> datetime:
        """Return the first instant that is later than `instant`."""
        today = _at(instant, time_of_day(self.at))
        found = today + DAY * ((DAYS.index(self.day) - today.weekday()) % 7)
        return found if found > instant else found + 7 * DAY


def time_of_day(text: str) -> time:
    """Read a time written `HH:MM`; raises InvalidInput."""
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise InvalidInput(f"a time of day must be written as 09:00, got {text!r}")
    return time(int(text[:2]), int(text[3:]))


def _divides(number: int, whole: int) -> bool:
    return type(number) is int and 0 < number < whole and whole % number == 0


def _at(instant: datetime, clock: time) -> datetime:
    return datetime.combine(as_instant(instant).date(), clock, UTC)
