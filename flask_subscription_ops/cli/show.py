"""`flask subs show ACCOUNT`: one account's story."""

from __future__ import annotations

from typing import Any

import click

from ..reports.account import account
from .common import FOUND, echo_json, fail, in_app, runtime, say, stored_text, when


@click.command("show")
@click.argument("account_id", metavar="ACCOUNT", callback=stored_text)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@in_app
def command(account_id: str, as_json: bool) -> None:
    """Show an account's subscriptions, effects and audit."""
    document = account(runtime(), account_id)
    if document is None:
        fail(f"there is no account {account_id!r} with a subscription", FOUND)
    if as_json:
        echo_json(document)
        return
    for subscription in document["subscriptions"]:
        say_subscription(subscription)
    say("effects")
    for effect in document["effects"]:
        late = f", {effect['last_error']}" if effect["last_error"] else ""
        say(f"  {when(effect['due_at'])}  {effect['state']:<12}  {effect['effect_key']}{late}")
        _say_fault(effect)
    say("audit")
    for entry in document["audit"]:
        change = f"{entry['from'] or '-'} -> {entry['to']}"
        say(f"  {when(entry['at'])}  {change:<22}  {entry['cause']} by {entry['actor']}")
        _say_fault(entry)


def say_subscription(subscription: dict[str, Any]) -> None:
    """Print a subscription for people."""
    access = "access" if subscription["has_access"] else "no access"
    say(f"sub-{subscription['id']}: {subscription['plan']} is {subscription['status']}, {access}")
    for name in ("trial_ends_at", "period_end", "grace_ends_at", "ended_at"):
        if subscription[name] is not None:
            say(f"  {name} {when(subscription[name])}")
    if subscription["cancel_at_period_end"]:
        say("  is canceled at its end")
    _say_fault(subscription)


def _say_fault(document: dict[str, Any]) -> None:
    if "fault" in document:
        say(f"    {document['fault']}")
