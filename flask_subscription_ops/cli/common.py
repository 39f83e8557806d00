"""What every command shares: the runtime, errors as exit codes, and JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import wraps
from logging import Formatter, LogRecord, StreamHandler
from typing import Any, NoReturn, TypeVar, cast

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from ..actions.arguments import KEY_LENGTHS
from ..database.faults import is_unusable, name_of, unreachable
from ..domain.clock import parse_instant, to_text
from ..errors import (
    ConfigurationError,
    InstallationFailed,
    InvalidInput,
    NotReady,
    RunFailed,
    Stopped,
    SubscriptionOpsError,
    TimeTravelRefused,
)
from ..models.schema import require_schema
from ..outside.logs import logger
from ..outside.text import UNPRINTABLE, clean, describe, is_storable, redacted
from ..runtime import RUNTIME, Runtime

Command = TypeVar("Command", bound=Callable[..., Any])

FOUND = 1
WRONG_USAGE = 2
COULD_NOT_RUN = 3
STOPPED = 4

SENTENCE_LIMIT = 1000  # characters of one sentence of ours, with what it quotes


def runtime() -> Runtime:
    """Return what the current app works with."""
    return cast(Runtime, current_app.extensions[RUNTIME])


def in_app(function: Command) -> Command:
    """Run a command in the app's context, and let every error be one sentence."""
    return with_appcontext(in_sentences(function))


def in_sentences(function: Command) -> Command:
    """Turn every error of a command into one sentence and its exit code; what nobody foresaw is in the log as well."""

    @wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        _log_to_stderr()
        try:
            return function(*args, **kwargs)
        except SubscriptionOpsError as error:
            fail(error, exit_code(error))
        except DBAPIError as error:
            _explain(error)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # click's own, which it handles
        except Exception as error:
            logger().exception("%s could not be run", click.get_current_context().info_name)
            fail(could_not_be_run(error), COULD_NOT_RUN)

    return cast(Command, guarded)


def exit_code(error: SubscriptionOpsError) -> int:
    """Return the exit code that an error stands for."""
    if isinstance(error, (NotReady, ConfigurationError, InstallationFailed, RunFailed)):
        return COULD_NOT_RUN
    if isinstance(error, Stopped):
        return STOPPED
    return WRONG_USAGE if isinstance(error, (InvalidInput, TimeTravelRefused)) else FOUND


def fail(reason: object, code: int) -> NoReturn:
    """Say on stderr what went wrong, and end; what is not set up gets a line for each problem."""
    first, *others = _sentences(reason)
    say(f"Error: {first}", err=True)
    for problem in others:
        say(f"  - {problem}", err=True)
    sys.exit(code)


def could_not_be_run(error: Exception) -> str:
    """Say that the command that runs ended for a reason that nobody foresaw."""
    return f"{click.get_current_context().info_name} could not be run: {describe(error)}"


def sentence(reason: object) -> str:
    """Return in one line what went wrong; text from outside in it names nobody."""
    return redacted(reason, SENTENCE_LIMIT)


def say(line: str, *, err: bool = False) -> None:
    """Print one line, whatever text it holds."""
    click.echo(clean(line), err=err)


def echo_json(document: Any) -> None:
    """Print one JSON document on one line; what a terminal obeys or stdout cannot show is escaped."""
    is_utf8 = (sys.stdout.encoding or "").lower() in ("utf-8", "utf8")
    line = json.dumps(document, default=_plain, ensure_ascii=not is_utf8)
    click.echo(UNPRINTABLE.sub(lambda found: json.dumps(found[0])[1:-1], line))


def instant(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """Read an option that is an instant; a bad one is wrong usage."""
    if value is None:
        return None
    try:
        return parse_instant(value, "")
    except InvalidInput as error:
        raise click.BadParameter(str(error).strip(), context, parameter) from None


def stored_text(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Read an argument that rows are looked up by; what no row can have is wrong usage."""
    longest = KEY_LENGTHS.get(str(parameter.name))
    for text in value if isinstance(value, tuple) else (() if value is None else (value,)):
        if not text.strip():
            raise click.BadParameter("it is empty", context, parameter)
        if not is_storable(text):
            raise click.BadParameter("it holds NUL or bytes that are no text", context, parameter)
        if longest and len(text) > longest:
            raise click.BadParameter(f"it has {len(text)} characters, at most {longest} can be", context, parameter)
    return value


def when(at: datetime | None) -> str:
    """Return an instant of a stored row as people read it: in whole seconds."""
    return to_text(at.replace(microsecond=0)) if at else "unreadable"


def table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows in columns."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _sentences(reason: object) -> list[str]:
    if isinstance(reason, ConfigurationError):
        return ["flask-subscription-ops is not set up:", *map(sentence, reason.problems)]
    return [sentence(reason)]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_text(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def refusal(error: DBAPIError) -> str:
    """Say that the database took a value or row amiss, without what it was given."""
    return f"the database refused a row ({name_of(error)}): look at its constraints and triggers"


def _explain(error: DBAPIError) -> NoReturn:
    if not is_unusable(error):
        fail(refusal(error), COULD_NOT_RUN)
    try:
        with runtime().reading() as session:
            require_schema(session)
    except NotReady as reason:
        fail(reason, COULD_NOT_RUN)
    except DBAPIError:
        pass  # not even its tables can be listed: the first error says why
    fail(unreachable(runtime().engine, error), COULD_NOT_RUN)


def _log_to_stderr() -> None:
    log = logger()
    if not log.hasHandlers():
        handler = StreamHandler()
        if sys.stderr.isatty():
            handler.setFormatter(_OneLine())
        log.addHandler(handler)


class _OneLine(Formatter):
    """Leaves tracebacks out: whoever sits at a terminal gets sentences."""

    def format(self, record: LogRecord) -> str:
        return record.getMessage()
