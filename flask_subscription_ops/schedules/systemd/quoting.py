"""How a value is written into a unit file so that systemd reads back the same value.

`%` starts a specifier (systemd.unit(5)), `$` a variable and `"` a quoted word in ExecStart= (systemd.service(5)).
"""

from __future__ import annotations

import re

PLAIN_WORD = re.compile(r"[\w%@+=:,./~-]+")


def literal(value: str) -> str:
    """Write a value that is the whole rest of its line, such as a path with spaces."""
    return value.replace("%", "%%")


def word(value: str) -> str:
    """Write one word of a list."""
    if PLAIN_WORD.fullmatch(value):
        return literal(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{literal(escaped)}"'


def words(*values: str) -> str:
    """Write a list of words."""
    return " ".join(word(value) for value in values)


def command(*arguments: str) -> str:
    """Write a command line; a dollar sign stays a dollar sign."""
    return words(*arguments).replace("$", "$$")


def span(seconds: int) -> str:
    """Write a time span in the largest unit it is a whole number of (systemd.time(7))."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
