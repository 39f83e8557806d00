"""Log lines that hold text from outside: one line each, without mailboxes and passwords."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from typing import Any

from .text import describe, redacted

ROOT = "flask_subscription_ops"
NUMBERS = (int, float, type(None))  # what a format such as %d needs as it is


def logger(name: str = ROOT) -> logging.Logger:
    """Return a logger of the package: every argument of a line is redacted, and an exception ends in one line."""
    found = logging.getLogger(name)
    found.addFilter(_redact)  # once, however often it is asked for
    return found


def _redact(record: logging.LogRecord) -> bool:
    if isinstance(record.args, Mapping):
        record.args = {name: _argument(value) for name, value in record.args.items()}
    elif record.args:
        record.args = tuple(_argument(value) for value in record.args)
    if record.exc_info and record.exc_info[1]:
        record.exc_text, record.exc_info = _trace(record.exc_info[1]), None  # no handler formats it anew
    return True


def _argument(value: Any) -> Any:
    return value if isinstance(value, NUMBERS) else redacted(value)


def _trace(error: BaseException) -> str:
    # The frames as usual; the error's own text may hold line ends, addresses, and what a statement stored.
    frames = traceback.format_tb(error.__traceback__)
    return "".join(["Traceback (most recent call last):\n", *frames, describe(error)])
