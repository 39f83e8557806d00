"""Instants: always aware, always UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

from ..errors import InvalidInput, NaiveDatetime

UTC = timezone.utc
Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return this host's idea of now."""
    return datetime.now(UTC)


def as_instant(value: datetime, name: str = "datetime") -> datetime:
    """Return `value` in UTC; a datetime without a zone raises NaiveDatetime."""
    if not isinstance(value, datetime):
        raise InvalidInput(f"{name} must be a datetime, got {type(value).__name__}")
    if value.utcoffset() is None:
        raise NaiveDatetime(f"{name} {value.isoformat()} has no zone: use datetime.now(timezone.utc) or add tzinfo")
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise InvalidInput(f"{name} {value.isoformat()} lies outside the years 1 to 9999 in UTC") from error


def parse_instant(text: str, name: str = "instant") -> datetime:
    """Read an ISO 8601 instant such as 2026-12-01T09:00:00Z; without a zone it raises NaiveDatetime."""
    from dateutil.parser import isoparse

    try:
        value = isoparse(text)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"{name} {text!r} is not an ISO 8601 instant: write it as 2026-12-01T09:00:00Z") from error
    if value.utcoffset() is None:
        raise NaiveDatetime(f"{name} {text} has no zone: in UTC it is written {value.isoformat()}Z")
    return as_instant(value, name)


def to_text(instant: datetime) -> str:
    """Write an instant as ISO 8601 with a Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
