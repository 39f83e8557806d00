"""`flask subs list`: which subscriptions there are."""

from __future__ import annotations

import click

from ..domain.states import Status
from ..models import Subscription
from ..reports.subscriptions import subscriptions
from .common import echo_json, in_app, runtime, stored_text, table, when


@click.command("list")
@click.option("--status", type=click.Choice([status.value for status in Status]), help="Only those in this status.")
@click.option("--plan", metavar="PLAN", callback=stored_text, help="Only those of this plan.")
@click.option("--ending", metavar="DAYS", type=click.IntRange(0, 3650), help="Only those that end within so many days.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@in_app
def command(status: str | None, plan: str | None, ending: int | None, as_json: bool) -> None:
    """List subscriptions: account, plan, status, and when the trial, term or grace ends."""
    found = None
    for found in subscriptions(runtime(), status=status, plan=plan, ending=ending):
        if as_json:
            for subscription in found:
                echo_json(subscription.to_dict())
        else:
            table([_cells(subscription) for subscription in found])
    if found is None and plan is not None:
        runtime().settings.plan(plan)  # one that is not declared, and that nobody has, is a slip of the pen


def _cells(one: Subscription) -> tuple[str, ...]:
    end = f"ends {when(one.ends_at)}" if one.ends_at else ""
    at_end = "is canceled at its end" if one.cancel_at_period_end else ""
    return one.account_id, one.product, one.plan, one.status, end, one.fault or at_end
