"""`flask subs systemd`: the timers and services of this app."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from flask.cli import ScriptInfo

from ..errors import InvalidInput
from ..jobs.table import TIMERS
from ..schedules.systemd.options import UnitOptions
from .common import in_sentences, say

OPTIONS = (
    click.option("--user", default="subs", show_default=True, help="The system user that the jobs run as."),
    click.option("--app", help="What FLASK_APP is.  [default: the app of this command]"),
    click.option("--interpreter", help="The virtual environment's Python.  [default: this one]"),
    click.option("--working-directory", help="Where the app is started.  [default: this folder]"),
    click.option("--credential", "credentials", multiple=True, metavar="NAME=PATH", help="A secret's root-only file."),
    click.option("--env", "environment", multiple=True, metavar="NAME=VALUE", help="A variable that is no secret."),
    click.option("--alert-app", default="subscriptions", show_default=True, help="What alert emails call the app."),
    click.option("--alert-sender", default="", help="Who alert emails come from."),
    click.option("--alert-recipient", "alert_recipients", multiple=True, help="Who is alerted."),
)


def own_folder(context: click.Context, parameter: click.Parameter, value: str | None) -> Path | None:
    """Read where units are written; no name at all, and the machine itself, are wrong usage."""
    if value is not None and (not value.strip() or os.path.realpath(value) == "/"):
        raise click.BadParameter("units have a folder of their own: name one", context, parameter)
    return Path(value) if value else None


@click.group("systemd")
def command() -> None:
    """Render, install or remove hardened timers and services."""


def _with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(OPTIONS):
        function = option(function)
    return function


@command.command("render")
@click.argument("folder", required=False, type=click.Path(file_okay=False), callback=own_folder, metavar="[DIR]")
@_with_options
@in_sentences
def render(folder: Path | None, **options: Any) -> None:
    """Write every unit into DIR, or print them all."""
    from ..schedules.systemd import files as on_disk
    from ..schedules.systemd import units as systemd

    wanted = _unit_options(**options)
    files = systemd.render(wanted, TIMERS.values())
    if folder:
        on_disk.write_folder(folder, files)
    for sentence in wanted.hidden:
        say(f"Warning: {sentence}", err=True)
    for name, text in files.items():
        if folder:
            say(str(folder / name))
        else:
            click.echo(f"# {name}\n{text}")


@command.command("install")
@_with_options
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@in_sentences
def install(dry_run: bool, **options: Any) -> None:
    """Install the units and start the timers; needs root."""
    from ..schedules.systemd import install as installer

    wanted = _unit_options(**options)
    _say((installer.plan_install if dry_run else installer.install)(wanted, TIMERS.values()))


@command.command("uninstall")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@in_sentences
def uninstall(dry_run: bool) -> None:
    """Stop the timers and remove what install wrote; needs root."""
    from ..schedules.systemd import install as installer

    _say((installer.plan_uninstall if dry_run else installer.uninstall)())


def _unit_options(
    *, credentials: tuple[str, ...], environment: tuple[str, ...], alert_recipients: tuple[str, ...], **options: Any
) -> UnitOptions:
    given = {name: value for name, value in options.items() if value is not None}
    if "app" not in given:
        given["app"] = _app_of_this_command()
    if "interpreter" in given:
        given["interpreter_home"] = _home_of(given["interpreter"])
    return UnitOptions(
        group=_group_of_this_command(),
        credentials=_pairs("--credential", credentials),
        environment=_pairs("--env", environment),
        alert_recipients=alert_recipients,
        **given,
    )


def _app_of_this_command() -> str:
    """Return --app or FLASK_APP; without them the file that Flask looks for by itself."""
    info = click.get_current_context().find_object(ScriptInfo)
    found = (name for name in ("wsgi", "app") if Path(f"{name}.py").exists())
    if info and info.create_app is None and (name := info.app_import_path or next(found, None)):
        return name
    raise InvalidInput(  # a command of the host's own makes its app by itself
        "no name is known by which the units could start the app: add --app behind this command, with what"
        " `flask --app` takes, such as package:create_app or \"package:create_app('live.cfg')\""
    )


def _group_of_this_command() -> str:
    """Return the name under which the app has these commands, SUBS_CLI_GROUP."""
    systemd = click.get_current_context().parent
    group = systemd.parent if systemd else None
    return (group.info_name if group else None) or "subs"


def _home_of(interpreter: str) -> str:
    """Return where the Python lies that a virtual environment was made of; /usr for one on another machine."""
    return str(Path(interpreter).resolve().parent.parent) if os.path.exists(interpreter) else "/usr"


def _pairs(option: str, words: tuple[str, ...]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    for name, equals, value in pairs:
        if not (name and equals and value):
            raise InvalidInput(f"{option} {name!r} must be NAME=VALUE")
    return {name: value for name, _, value in pairs}


def _say(steps: Any) -> None:
    for step in steps:
        say(str(step))
    if not steps:
        click.echo("nothing to do")
