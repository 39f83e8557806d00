"""How one value is read: what fits is returned, anything else raises InvalidInput with what it must be."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence, Set
from ipaddress import ip_address
from re import IGNORECASE, fullmatch
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..errors import InvalidInput
from ..outside.https import url_problem
from ..outside.text import one_line

Read = Callable[[Any], Any]

SHOWN_LENGTH = 80
BYTE_ORDER_MARK = "\ufeff"


def shown(value: Any) -> str:
    """Return the value as an error shows it: one short line, whatever it is."""
    try:
        return one_line(repr(value), SHOWN_LENGTH)
    except Exception:  # a host's own object, or a number too long to print
        return f"a {type(value).__name__} that cannot be shown"


def whole(lowest: int, highest: int = 10**9) -> Read:
    """Read a whole number within bounds."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise InvalidInput(f"must be a whole number from {lowest} to {highest}, {_instead_of(value)}")
        return value

    return read


def number(lowest: float, highest: float) -> Read:
    """Read a number within bounds."""

    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not lowest <= value <= highest:
            raise InvalidInput(f"must be a number from {lowest} to {highest}, {_instead_of(value)}")
        return float(value)

    return read


def flag(value: Any) -> bool:
    """Read True or False."""
    if not isinstance(value, bool):
        raise InvalidInput(f"must be True or False, {_instead_of(value)}")
    return value


def text(longest: int = 1000) -> Read:
    """Read one line of text, without the white space around it; no error repeats it."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise InvalidInput(f"must be text in quotes that is not empty, got {type(value).__name__}")
        refuse_unprintable(value.strip())
        if len(value.strip()) > longest:
            raise InvalidInput(f"must have at most {longest} characters, has {len(value.strip())}")
        return value.strip()

    return read


def refuse_unprintable(value: str) -> None:
    """Refuse what no key, name or address holds but by a copying mistake."""
    if value.startswith(BYTE_ORDER_MARK):
        raise InvalidInput("begins with a byte order mark: remove this invisible character (U+FEFF)")
    if not value.isprintable():
        raise InvalidInput("holds a line break or another character that cannot be printed: remove it")


def name(pattern: str, example: str) -> Read:
    """Read text that matches the pattern as a whole."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not fullmatch(pattern, value):
            raise InvalidInput(f"must be {example}, got {shown(value)}")
        return value

    return read


def optional(read: Read) -> Read:
    """Read with `read`, where None and the empty string mean not set."""
    return lambda value: None if value is None or (isinstance(value, str) and not value) else read(value)


def sequence(read: Read, example: str) -> Read:
    """Read a list; a lone value is a list of one."""

    def read_all(value: Any) -> tuple[Any, ...]:
        items = (value,) if isinstance(value, (str, int)) else value
        is_list = isinstance(items, (Sequence, Set)) and not isinstance(items, (bytes, bytearray, memoryview))
        if not is_list or (isinstance(value, str) and "," in value):
            raise InvalidInput(f"must be a list such as {example}, got {type(value).__name__}")
        return tuple(read(item) for item in items)

    return read_all


def each(read: Read, example: str) -> Read:
    """Read a list that repeats nothing."""

    def read_each(value: Any) -> tuple[Any, ...]:
        values: tuple[Any, ...] = sequence(read, example)(value)
        if len(set(values)) != len(values):
            raise InvalidInput(f"must be a list such as {example} that names nothing twice")
        return values

    return read_each


def some(read: Read, example: str) -> Read:
    """Read a list that is not empty."""

    def read_some(value: Any) -> Any:
        values = read(value)
        if not values:
            raise InvalidInput(f"must name at least one, such as {example}")
        return values

    return read_some


def mapping(value: Any) -> Mapping[str, Any]:
    """Read a mapping of names to anything."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidInput(f"must be a mapping of names, {_instead_of(value)}")
    return dict(value)


def zone(value: Any) -> str:
    """Read a time zone's name; UTC is known also where the machine has no zone data."""
    try:
        return "UTC" if value == "UTC" else ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        raise InvalidInput(f"is not a known time zone, got {shown(value)}: write one such as Europe/Berlin") from error


def path(value: Any) -> str:
    """Read a path, as text or as a Path."""
    read: str = text(4096)(os.fspath(value) if isinstance(value, os.PathLike) else value)
    return read


def url(value: Any) -> str:
    """Read a URL to which a secret may be sent; no error repeats it."""
    read: str = text()(value)
    if problem := url_problem(read):
        raise InvalidInput(problem)
    return read


def address(value: Any) -> str:
    """Read one email address; no error repeats it."""
    read: str = text(254)(value)
    if not fullmatch(r"[^\s@<>,;]+@[^\s@<>,;]+", read):
        raise InvalidInput("must be an address such as ops@example.com")
    return read


def sender(value: Any) -> str | tuple[str, str]:
    """Read who emails come from: text, or a pair of a name and an address; no error repeats it."""
    if isinstance(value, str):
        return str(text()(value))
    if isinstance(value, (tuple, list)) and len(value) == 2 and isinstance(value[0], str):
        return value[0], address(value[1])
    raise InvalidInput("must be 'Name <name@example.com>', or a pair of a name and an address")


def internet_address(value: Any) -> str:
    """Read an IPv4 or IPv6 address (RFC 4291 for its forms)."""
    read: str = text(64)(value)
    try:
        return str(ip_address(read))
    except ValueError:
        raise InvalidInput("must be an IP address such as 192.0.2.1") from None


def function(value: Any) -> Any:
    """Read something that can be called."""
    if not callable(value):
        raise InvalidInput(f"must be a function, {_instead_of(value)}")
    return value


def _instead_of(value: Any) -> str:
    is_quoted = isinstance(value, str) and fullmatch(r"[-+]?[\d_]*\.?\d+|true|false", value, IGNORECASE)
    return f"got {shown(value)}{': write it without quotes' if is_quoted else ''}"
