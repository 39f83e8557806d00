"""`flask subs ...`: parse, call, print, exit code. What a command needs is imported when it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup

from ..errors import ConfigurationError
from ..jobs.table import JOBS
from ..outside.text import one_line
from ..outside.typed import remember_typed

LONGEST_ERROR = 1000

COMMANDS = {  # where each is, and what it is called there
    "status": "status",
    "list": "listing",
    "show": "show",
    "extend": "verbs:extend",
    "cancel": "verbs:cancel",
    "resume": "verbs:resume",
    "pause": "verbs:pause",
    "unpause": "verbs:unpause",
    "audit": "audit",
    "outbox": "outbox",
    "deployment": "deployment",
    "doctor": "doctor",
    "mail": "mail",
    "systemd": "systemd",
}
TAKEN = frozenset({"run", "shell", "routes", "db"})  # by Flask and Flask-Migrate, which come before an app's own


@contextmanager
def _short_errors() -> Iterator[None]:
    """Let an error about what was typed be one line of bearable length, whatever was typed."""
    try:
        yield
    except click.UsageError as error:
        error.message = one_line(error.message, LONGEST_ERROR)  # type: ignore[misc]  # click changes it too
        raise


class SubsGroup(AppGroup):
    """The group whose commands are loaded one at a time."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words behind the group's name, and remember those before it."""
        remember_typed(ctx, args)
        with _short_errors():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what stdout's encoding cannot show is replaced instead of ending it."""
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")
        with _short_errors():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the jobs first, then the rest."""
        return [*JOBS, *COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the one command that is asked for."""
        if cmd_name in JOBS:
            from .job import job_command

            return job_command(JOBS[cmd_name])
        if cmd_name in COMMANDS:
            module, _, name = COMMANDS[cmd_name].partition(":")
            command: click.Command = getattr(import_module(f".{module}", __package__), name or "command")
            return command
        return super().get_command(ctx, cmd_name)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Take a command of the host's; one that is called like ours raises ConfigurationError."""
        called = name or cmd.name
        if called in JOBS or called in COMMANDS:
            raise ConfigurationError([f"the command {called} is taken in the group {self.name}: call yours otherwise"])
        super().add_command(cmd, name)


def name_problems(app: Flask, name: str) -> list[str]:
    """Say whether the group's name is taken by a command of the host's, of Flask or of Flask-Migrate."""
    found = app.cli.commands.get(name)
    if name in TAKEN or not (found is None or isinstance(found, SubsGroup)):
        return [f"the command {name} is taken: set SUBS_CLI_GROUP to another name for the commands of subscriptions"]
    return []


def register_commands(app: Flask, name: str) -> None:
    """Add the group to the app's command line."""
    app.cli.add_command(SubsGroup(name, help="Look after subscriptions: jobs, and what they did."))
