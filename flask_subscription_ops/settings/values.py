"""How one value is read: what fits is returned, anything else raises InvalidInput with what it must be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..errors import InvalidInput
from ..outside.text import flaw

Read = Callable[[Any], Any]


def whole(lowest: int, highest: int = 10**9) -> Read:
    """Read a whole number within bounds."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise InvalidInput(f"must be a whole number from {lowest} to {highest}, got {value!r}")
        return value

    return read


def number(lowest: float, highest: float) -> Read:
    """Read a number within bounds."""

    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not lowest <= value <= highest:
            raise InvalidInput(f"must be a number from {lowest} to {highest}, got {value!r}")
        return float(value)

    return read


def text(value: Any) -> str:
    """Read a string that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"must be a non-empty string, got {value!r}")
    return value.strip()


def name(longest: int) -> Read:
    """Read a string of one line, at most so many characters long."""

    def read(value: Any) -> str:
        found = value.strip() if isinstance(value, str) else value
        if problem := flaw(found, longest=longest):
            raise InvalidInput(problem)
        return str(found)

    return read


def optional(read: Read) -> Read:
    """Read with `read`, where None and the empty string mean not set."""
    return lambda value: None if value is None or value == "" else read(value)


def secret(value: Any) -> str:
    """Read a string that no error repeats."""
    if not isinstance(value, str) or not value:
        raise InvalidInput("must be a non-empty string")
    return value


def flag(value: Any) -> bool:
    """Read True or False."""
    if not isinstance(value, bool):
        raise InvalidInput(f"must be True or False, got {value!r}")
    return value


def each(read: Read) -> Read:
    """Read a list; a lone value is a list of one."""

    def read_all(value: Any) -> tuple[Any, ...]:
        return tuple(read(item) for item in ((value,) if isinstance(value, (str, int)) else value))

    return read_all


def one_of(*names: str) -> Read:
    """Read one of these names."""

    def read(value: Any) -> str:
        if value not in names:
            raise InvalidInput(f"must be one of {', '.join(names)}, got {value!r}")
        return str(value)

    return read


def mapping(value: Any) -> Mapping[str, Any]:
    """Read a mapping."""
    if not isinstance(value, Mapping):
        raise InvalidInput(f"must be a mapping, got {value!r}")
    return dict(value)


def zone(value: Any) -> str:
    """Read a time zone's name."""
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        raise InvalidInput(f"is not a known time zone, got {value!r}: write one such as Europe/Berlin") from error


def some(read: Read) -> Read:
    """Read a list that is not empty and repeats nothing."""

    def read_some(value: Any) -> Any:
        values = each(read)(value)
        if not values or len(set(values)) != len(values):
            raise InvalidInput(f"must name at least one, and none twice, got {value!r}")
        return values

    return read_some


def as_given(value: Any) -> Any:
    """Take any value."""
    return value
