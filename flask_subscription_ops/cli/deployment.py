"""`flask subs deployment`: whose database this is."""

from __future__ import annotations

import click

from ..actions.adopt import adopt as adopt_database
from ..actions.context import context_of
from ..actions.effects import drop_waiting
from ..models.deployment import stored_deployment
from .common import echo_json, in_app, runtime


@click.group("deployment")
def command() -> None:
    """Tell the deployment that the database belongs to, or take it over."""


@command.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@in_app
def show(as_json: bool) -> None:
    """Show the configured and the stored name."""
    with runtime().reading() as session:
        stored = stored_deployment(session)
    names = {"configured": runtime().settings.deployment, "stored": stored.name if stored else None}
    if as_json:
        echo_json(names)
    else:
        click.echo(f"configured {names['configured']}, stored {names['stored'] or 'nothing yet'}")


@command.command("adopt")
@click.option("--drop-effects", is_flag=True, help="Give up what the database still has to send: for a copy.")
@in_app
def adopt(drop_effects: bool) -> None:
    """Store the configured name, so that jobs run and effects go out."""
    work_on = runtime()
    with work_on.writing() as session:
        context = context_of(work_on, session, actor="operator")
        before = adopt_database(context)
        dropped = drop_waiting(context, f"it was queued by {before}") if drop_effects else 0
    click.echo(f"the database belongs to {work_on.settings.deployment} now (before: {before or 'nobody'})")
    if drop_effects:
        click.echo(f"{dropped} waiting effects dropped")
    elif before != work_on.settings.deployment:
        click.echo("what waits in its outbox goes out with the next run; on a copy, drop it now with --drop-effects")
