"""Who an account's emails go to, in which language and zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .clock import UTC


@dataclass(frozen=True)
class Contact:
    """Where an account's emails go; `email=""` means the account is known but nobody can be written to."""

    email: str
    name: str = ""
    locale: str = "en"
    timezone: str = "UTC"


def zone_of(name: str, fallback: str = "UTC") -> tzinfo:
    """Return the zone called `name`, or the fallback zone where no such zone exists.

    UTC is known also on a machine without zone data; there every other zone becomes UTC.
    """
    return _zone(name) or _zone(fallback) or UTC


def in_zone(instant: datetime, zone: tzinfo) -> datetime:
    """Return the instant in the zone; in UTC where the zone's calendar does not reach it, as at the end of 9999."""
    try:
        return instant.astimezone(zone)
    except OverflowError:
        return instant


def zone_name(zone: tzinfo) -> str:
    """Return the name that `zone_of` finds the zone by."""
    return zone.key if isinstance(zone, ZoneInfo) else "UTC"


def _zone(name: str) -> tzinfo | None:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        return None
