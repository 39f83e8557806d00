"""Send the emails and carry out the workspace operations that are due."""

from __future__ import annotations

from ..runs.engine import deliver_due
from ..runs.preview import list_due
from ..runs.run import Run


def do(run: Run) -> None:
    """Deliver until nothing is due; a dry run lists what is due."""
    if run.report.dry_run:
        run.report.examined = list_due(run, run.limit)
    else:
        run.report.examined = deliver_due(run, limit=run.limit, progress=run.progress)
