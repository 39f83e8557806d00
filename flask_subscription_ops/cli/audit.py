"""`flask subs audit`: every change, one JSON object a line, or a check of the whole."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from ..reports.audit import entries, is_known, verify
from .common import FOUND, echo_json, fail, in_app, instant, runtime, say, stored_text


@click.command("audit")
@click.option("--since", metavar="ISO8601", callback=instant, help="Only what was written at or after this instant.")
@click.option("--account", "account_id", metavar="ACCOUNT", callback=stored_text, help="Only this account's.")
@click.option("--verify", "verifies", is_flag=True, help="Check that nothing is missing, repeated or rewritten.")
@click.option("--json", "as_json", is_flag=True, help="Problems as JSON too, one object a line; entries always are.")
@in_app
def command(since: datetime | None, account_id: str | None, verifies: bool, as_json: bool) -> None:
    """Print the audit."""
    if verifies and since is not None:
        raise click.UsageError("--verify looks at whole chains: leave --since out")
    if account_id is not None and not is_known(runtime(), account_id):
        fail(f"there is no account {account_id!r} in the audit", FOUND)
    if verifies:
        _verify(account_id, as_json)
        return
    for entry in entries(runtime(), since=since, account_id=account_id):
        echo_json(entry)


def _verify(account_id: str | None, as_json: bool) -> None:
    problems = 0
    for problem in verify(runtime(), account_id=account_id):
        problems += 1
        echo_json({"problem": problem}) if as_json else say(problem)
    if not as_json:
        of_whom = "" if account_id is None else f" of account {account_id}"
        say(f"{problems} problem{'s' * (problems > 1)}" if problems else f"the audit{of_whom} is whole")
    sys.exit(FOUND if problems else 0)
