"""`flask subs status`: where everything stands."""

from __future__ import annotations

import click

from ..reports.status import status
from .common import echo_json, in_app, runtime, table


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@in_app
def command(as_json: bool) -> None:
    """Count subscriptions and effects, and tell how each job last ran."""
    document = status(runtime())
    if as_json:
        echo_json(document)
        return
    rows = [("deployment", document["deployment"] or "not stored yet")]
    rows += [(f"subscriptions {name}", str(count)) for name, count in document["subscriptions"].items()]
    rows += [(f"effects {name}", str(count)) for name, count in document["effects"].items()]
    rows.append(("oldest due effect", f"{document['oldest_due_seconds']:g} s late"))
    for job, run in document["jobs"].items():
        when = f"{run['outcome'] or 'unfinished'} at {run['last_run']}" if run["last_run"] else "never ran"
        rows.append((f"job {job}", when))
    table(rows)
