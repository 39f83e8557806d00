"""What a service is given: what cannot be kept is refused before anything is written."""

from __future__ import annotations

from datetime import timedelta

from ..errors import InvalidInput

KEY_LENGTHS = {"account_id": 191, "product": 64}


def text_key(value: object, name: str) -> str:
    """Return a key as it is stored; anything but a short, non-empty string raises InvalidInput."""
    longest = KEY_LENGTHS[name]
    if not isinstance(value, str) or not value or len(value) > longest or "\0" in value:
        raise InvalidInput(f"{name} must be a string of 1 to {longest} characters, got {value!r}: pass str(company.id)")
    if value != value.strip():  # MariaDB takes "a" and "a " for the same key
        raise InvalidInput(f"{name} must not begin or end with a space, got {value!r}")
    return value


def days_from(days: object) -> timedelta:
    """Return whole days, one to ten years of them."""
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= 3650:
        raise InvalidInput(f"days must be a whole number from 1 to 3650, got {days!r}")
    return timedelta(days=days)


def actor_name(value: object) -> str:
    """Return who acts as the audit keeps it; anything but a short, non-empty string raises InvalidInput."""
    if not isinstance(value, str) or not 1 <= len(value) <= 255 or not value.isprintable():
        raise InvalidInput(f"an actor is named by 1 to 255 printable characters, got {value!r}")
    return value
