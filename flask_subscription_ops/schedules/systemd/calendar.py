"""Rhythms in systemd's notation, OnCalendar= (systemd.time(7))."""

from __future__ import annotations

from ...domain.schedule import Daily, Every, Rhythm, Weekly


def calendar(rhythm: Rhythm) -> str:
    """Write a rhythm as a calendar expression in UTC."""
    if isinstance(rhythm, Every):
        return f"*-*-* {_every(rhythm)} UTC"
    if isinstance(rhythm, Daily):
        return f"*-*-* {rhythm.at}:00 UTC"
    if isinstance(rhythm, Weekly):
        return f"{rhythm.day[:3]} *-*-* {rhythm.at}:00 UTC"
    raise TypeError(f"systemd's notation for {rhythm!r} is not known")


def _every(rhythm: Every) -> str:
    if rhythm.hours:
        return f"{_repeated(rhythm.hours)}:00:00"
    return f"*:{_repeated(rhythm.minutes)}:00"


def _repeated(number: int) -> str:
    return "*" if number == 1 else f"00/{number}"
