"""One command for every job of the table."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import datetime
from itertools import count
from threading import Event, current_thread, main_thread
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from sqlalchemy.exc import DBAPIError

from ..domain.clock import to_text
from ..errors import ConfigurationError, NotReady, RunFailed, SubscriptionOpsError
from ..outside.logs import logger
from ..runs.guard import CONFIRMATION
from ..runs.job import Job
from ..runs.report import JobReport, Outcome
from .common import could_not_be_run, echo_json, in_app, instant, refusal, runtime, say, sentence, table
from .planned import SHOWN, lines

if TYPE_CHECKING:
    from ..runs.run import Run

log = logger()

NO_DELIVER = click.option("--no-deliver", is_flag=True, help="Queue emails and operations; leave them for `deliver`.")


def _token(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Read a token; what can be none is wrong usage."""
    if value is not None and not re.fullmatch(CONFIRMATION, value):
        raise click.BadParameter("a token is 8 of 0-9 and a-f: the stopped run has printed it", context, parameter)
    return value


OPTIONS = (
    click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing."),
    click.option("--as-of", metavar="ISO8601", callback=instant, help="Run as if it were this instant."),
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Look at no more than N rows."),
    NO_DELIVER,
    click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON object."),
    click.option("--confirm", metavar="TOKEN", callback=_token, help="Let a run that the brake stopped go on."),
)


def job_command(job: Job) -> click.Command:
    """Return the command that runs a job."""

    def command(**options: Any) -> None:
        _run(job, **options)

    for option in reversed(OPTIONS if job.delivers else [option for option in OPTIONS if option is not NO_DELIVER]):
        command = option(command)
    return click.command(job.name, help=job.help)(in_app(command))


def _run(
    job: Job,
    *,
    dry_run: bool,
    as_of: datetime | None,
    limit: int | None,
    as_json: bool,
    confirm: str | None,
    no_deliver: bool = False,
) -> None:
    from ..runs.engine import new_run

    with _progress(job, quiet=as_json) as progress, _until_told_to_stop() as is_stopping:
        run = new_run(
            runtime(),
            job,
            as_of=as_of,
            dry_run=dry_run,
            limit=limit,
            deliver=not no_deliver,
            confirm=confirm,
            progress=progress,
            is_stopping=is_stopping,
        )
        report = _carry_out_as_json(run) if as_json else _carry_out(run)
    if not as_json:
        _say(report)
    sys.exit(report.outcome.exit_code)


def _carry_out_as_json(run: Run) -> JobReport:
    """Whatever happens, stdout gets the one object: what the host's hooks print goes to stderr."""
    error = {}
    try:
        with redirect_stdout(sys.stderr):
            return _carry_out(run)
    except SubscriptionOpsError as reason:
        error = {"error": sentence(reason)}
        raise
    finally:
        echo_json(run.report.to_dict() | error)


def _carry_out(run: Run) -> JobReport:
    """Return the report; whatever ended the run becomes one sentence, and its traceback a record in the log."""
    from ..runs.engine import carry_out

    try:
        return carry_out(run)
    except (NotReady, ConfigurationError):
        raise
    except SubscriptionOpsError as error:
        raise RunFailed(str(error)) from error
    except DBAPIError as error:
        raise RunFailed(refusal(error)) from error
    except Exception as error:
        log.exception("%s could not be run", run.job.name)
        raise RunFailed(could_not_be_run(error)) from error


@contextmanager
def _until_told_to_stop() -> Iterator[Callable[[], bool]]:
    """Turn SIGTERM into an answer that the run asks for between its effects and chunks; systemd stops jobs with it."""
    told = Event()
    if current_thread() is not main_thread():  # only there a signal can be handled
        yield told.is_set
        return
    before = signal.signal(signal.SIGTERM, lambda *_: told.set())
    try:
        yield told.is_set
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress(job: Job, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    if quiet or not sys.stderr.isatty():
        yield lambda done: None
        return
    bar: Any = click.progressbar(count(), label=job.name, file=sys.stderr, show_pos=True)  # nobody knows how many
    with bar:
        yield bar.update


def _say(report: JobReport) -> None:
    for line in lines(report.planned):
        say(line)
    rows = _rows(report)
    if sys.stdout.isatty():
        table(rows)
    else:
        say(" ".join(f"{name}={value}" for name, value in rows))
    if report.would_stop:
        say(f"a real run would be stopped: {report.would_stop}")
    for failure in report.failures[:SHOWN]:
        say(f"failed: {failure['subject']}: {failure['error']}")
    if report.outcome is Outcome.STOPPED:
        _say_stopped(report)


def _rows(report: JobReport) -> list[tuple[str, ...]]:
    counts = [(name, str(getattr(report, name))) for name in ("examined", "changed", "skipped", "failed", "deferred")]
    effects = [
        (f"{name}.{kind}", str(count))
        for name, kinds in report.tally.to_dict().items()
        for kind, count in kinds.items()
    ]
    dry = [("dry_run", "yes")] if report.dry_run else []
    return [
        ("job", report.job),
        ("outcome", report.outcome.value),
        *dry,
        *counts,
        *effects,
        ("seconds", f"{report.seconds}"),
    ]


def _say_stopped(report: JobReport) -> None:
    say(f"stopped: {report.stopped_by}", err=True)
    for line in _to_go_on(report):
        say(line, err=True)


def _to_go_on(report: JobReport) -> list[str]:
    command = runtime().settings.command
    if report.confirm is not None:
        return [command(report.job, *_options_given("confirm"), "--confirm", report.confirm)]
    adopt = command("deployment", "adopt")
    return [f"on a copy: {adopt} --drop-effects", f"where the name was changed: {adopt}"]


def _options_given(left_out: str) -> Iterator[str]:
    """Yield the options of the command that runs as they can be typed again, but for one of them."""
    context = click.get_current_context()
    for parameter in context.command.params:
        name, value = str(parameter.name), context.params.get(str(parameter.name))
        if name == left_out or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        yield parameter.opts[0]
        if value is not True:
            yield to_text(value) if isinstance(value, datetime) else str(value)
