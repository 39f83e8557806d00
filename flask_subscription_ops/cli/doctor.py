"""`flask subs doctor`: what is wrong with the set-up."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from ..reports.doctor import Finding, examine
from ..web.current import template_problems
from .common import COULD_NOT_RUN, FOUND, echo_json, in_app, runtime, say


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@in_app
def command(as_json: bool) -> None:
    """Look at configuration, schema, indexes, deployment, hooks and mail, without sending anything."""
    checked = runtime()
    findings = [*examine(checked), *(Finding("templates", problem) for problem in template_problems(checked.app))]
    if as_json:
        echo_json({"findings": [{"area": finding.area, "text": finding.text} for finding in findings]})
    else:
        for finding in findings:
            say(f"{finding.area}: {finding.text}")
        say(f"{len(findings)} finding{'s' * (len(findings) > 1)}" if findings else "nothing to mend")
    sys.exit(_exit_code(findings))


def _exit_code(findings: Sequence[Finding]) -> int:
    is_usable = all(finding.area != "database" for finding in findings)
    return (FOUND if findings else 0) if is_usable else COULD_NOT_RUN
