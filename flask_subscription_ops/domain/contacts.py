"""Who an account's emails go to, in which language and zone."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True)
class Contact:
    """Where an account's emails go; `email=""` means the account is known but nobody can be written to."""

    email: str
    name: str = ""
    locale: str = "en"
    timezone: str = "UTC"


def zone_of(name: str, fallback: str = "UTC") -> ZoneInfo:
    """Return the zone called `name`, or the fallback zone where no such zone exists."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        return ZoneInfo(fallback)
