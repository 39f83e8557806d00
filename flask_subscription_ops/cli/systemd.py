"""`flask subs systemd`: the timers and services of this app."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..errors import InvalidInput, SubscriptionOpsError
from ..jobs.table import JOBS
from ..schedules.options import UnitOptions
from .common import exit_code, fail

OPTIONS = (
    click.option("--user", default="subs", show_default=True, help="The system user that the jobs run as."),
    click.option(
        "--app", default=lambda: os.environ.get("FLASK_APP", "wsgi"), help="What FLASK_APP is.  [default: wsgi]"
    ),
    click.option("--interpreter", help="The virtual environment's Python.  [default: this one]"),
    click.option("--working-directory", help="Where the app is started.  [default: this folder]"),
    click.option("--credential", "credentials", multiple=True, metavar="NAME=PATH", help="A secret's root-only file."),
    click.option("--env", "environment", multiple=True, metavar="NAME=VALUE", help="A variable that is no secret."),
    click.option("--alert-app", default="subscriptions", show_default=True, help="What alert emails call the app."),
    click.option("--alert-sender", default="", help="Who alert emails come from."),
    click.option("--alert-recipient", "alert_recipients", multiple=True, help="Who is alerted."),
)


@click.group("systemd")
def command() -> None:
    """Render, install or remove hardened timers and services."""


def _with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(OPTIONS):
        function = option(function)
    return function


@command.command("render")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path), metavar="[DIR]")
@_with_options
def render(folder: Path | None, **options: Any) -> None:
    """Write every unit into DIR, or print them all."""
    from ..schedules import systemd

    try:
        files = systemd.render(_unit_options(**options), JOBS.values())
    except SubscriptionOpsError as error:
        fail(str(error), exit_code(error))
    for name, text in files.items():
        if folder is None:
            click.echo(f"# {name}\n{text}")
        else:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            click.echo(str(target))


@command.command("install")
@_with_options
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def install(dry_run: bool, **options: Any) -> None:
    """Install the units and start the timers; needs root."""
    from ..schedules import install as installer

    try:
        wanted = _unit_options(**options)
        steps = (installer.plan_install if dry_run else installer.install)(wanted, JOBS.values())
    except SubscriptionOpsError as error:
        fail(str(error), exit_code(error))
    _say(steps)


@command.command("uninstall")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def uninstall(dry_run: bool) -> None:
    """Stop the timers and remove what install wrote; needs root."""
    from ..schedules import install as installer

    try:
        steps = (installer.plan_uninstall if dry_run else installer.uninstall)()
    except SubscriptionOpsError as error:
        fail(str(error), exit_code(error))
    _say(steps)


def _unit_options(
    *, credentials: tuple[str, ...], environment: tuple[str, ...], alert_recipients: tuple[str, ...], **options: Any
) -> UnitOptions:
    given = {name: value for name, value in options.items() if value is not None}
    return UnitOptions(
        credentials=_pairs("--credential", credentials),
        environment=_pairs("--env", environment),
        alert_recipients=alert_recipients,
        **given,
    )


def _pairs(option: str, words: tuple[str, ...]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    for name, equals, value in pairs:
        if not (name and equals and value):
            raise InvalidInput(f"{option} {name!r} must be NAME=VALUE")
    return {name: value for name, _, value in pairs}


def _say(steps: Any) -> None:
    for step in steps:
        click.echo(str(step))
    if not steps:
        click.echo("nothing to do")
    sys.exit(0)
