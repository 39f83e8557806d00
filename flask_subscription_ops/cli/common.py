"""What every command shares: the runtime, errors as exit codes, and JSON."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import wraps
from typing import Any, NoReturn, TypeVar, cast

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from ..database.faults import is_unusable, name_of, unreachable
from ..domain.clock import parse_instant, to_text
from ..errors import ConfigurationError, InvalidInput, NotReady, SubscriptionOpsError, TimeTravelRefused
from ..models.schema import require_schema
from ..runtime import RUNTIME, Runtime

Command = TypeVar("Command", bound=Callable[..., Any])

FOUND = 1
WRONG_USAGE = 2
COULD_NOT_RUN = 3
STOPPED = 4


def runtime() -> Runtime:
    """Return what the current app works with."""
    return cast(Runtime, current_app.extensions[RUNTIME])


def in_app(function: Command) -> Command:
    """Run a command in the app's context, and turn every error of ours into one sentence and its exit code."""

    @wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        _log_to_stderr()
        try:
            return function(*args, **kwargs)
        except SubscriptionOpsError as error:
            fail(str(error), exit_code(error))
        except DBAPIError as error:
            _explain(error)

    return cast(Command, with_appcontext(guarded))


def exit_code(error: SubscriptionOpsError) -> int:
    """Return the exit code that an error stands for."""
    if isinstance(error, (NotReady, ConfigurationError)):
        return COULD_NOT_RUN
    return WRONG_USAGE if isinstance(error, (InvalidInput, TimeTravelRefused)) else FOUND


def fail(sentence: str, code: int) -> NoReturn:
    """Say on stderr what went wrong, and end."""
    click.echo(f"Error: {sentence}", err=True)
    sys.exit(code)


def echo_json(document: Any) -> None:
    """Print one JSON document on one line."""
    click.echo(json.dumps(document, default=_plain, ensure_ascii=False))


def instant(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """Read an option that is an instant; a bad one is wrong usage."""
    if value is None:
        return None
    try:
        return parse_instant(value, str(parameter.opts[0]))
    except InvalidInput as error:
        raise click.BadParameter(str(error), context, parameter) from None


def table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows in columns."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_text(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _explain(error: DBAPIError) -> NoReturn:
    if not is_unusable(error):
        fail(f"the database refused a row ({name_of(error)}): look at its constraints and triggers", COULD_NOT_RUN)
    try:
        with runtime().reading() as session:
            require_schema(session)
    except NotReady as reason:
        fail(str(reason), COULD_NOT_RUN)
    except DBAPIError:
        pass  # not even its tables can be listed: the first error says why
    fail(str(unreachable(runtime().engine, error)), COULD_NOT_RUN)


def _log_to_stderr() -> None:
    log = logging.getLogger("flask_subscription_ops")
    if not log.hasHandlers():
        log.addHandler(logging.StreamHandler())
