"""What is wrong with a template: where it is and what it lacks, never what it was given."""

from __future__ import annotations

import re
from traceback import extract_tb

from jinja2 import TemplateNotFound, TemplateSyntaxError, UndefinedError

from ...errors import ConfigurationError
from ...outside.text import ELLIPSIS

PATH_LIMIT = 70  # characters of the 200 that an error has in a report


def fault_of(error: Exception) -> str:
    """Name the fault, and the template's file and line; of a name that is not defined the name as well."""
    if isinstance(error, TemplateNotFound):
        return f"{type(error).__name__}: there is no {error.name}"
    if isinstance(error, TemplateSyntaxError):  # found before the template was given anything
        first, *_ = str(error.message).split(". ")  # what follows tells what Jinja looked for, and is long
        return f"{first} in {end_of(error.filename or error.name or '')}, line {error.lineno}"
    file, number, line = _place(error)
    what = _what(error, line)
    return f"{what} in {end_of(file)}, line {number}" if file else what


def end_of(path: str) -> str:
    """Return as much of a path's end as leaves room for the rest of an error that is kept."""
    return path if len(path) <= PATH_LIMIT else ELLIPSIS + path[len(ELLIPSIS) - PATH_LIMIT :]


def _place(error: Exception) -> tuple[str, int | None, str]:
    """Return the innermost template's file, line number and line; Jinja puts its templates into the traceback."""
    frames = [frame for frame in extract_tb(error.__traceback__) if not frame.filename.endswith((".py", ">"))]
    return (frames[-1].filename, frames[-1].lineno, frames[-1].line or "") if frames else ("", None, "")


def _what(error: Exception, line: str) -> str:
    if isinstance(error, ConfigurationError):
        return "; ".join(error.problems)
    return _undefined(error, line) if isinstance(error, UndefinedError) else type(error).__name__


def _undefined(error: UndefinedError, line: str) -> str:
    """Name what is not defined where the template says that name; a key that was computed is somebody's data."""
    found = re.search(r"'(\w+)' is undefined$|has no attribute '(\w+)'$", str(error))
    name = found and (found[1] or found[2])
    return (
        f"{name!r} is undefined" if found and (found[1] or name in re.findall(r"\w+", line)) else type(error).__name__
    )
