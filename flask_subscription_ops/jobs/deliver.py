"""Send the emails and carry out the workspace operations that are due."""

from __future__ import annotations

from sqlalchemy import select

from ..database.readable import readable
from ..domain.retry import EffectState
from ..models import OutboxMessage
from ..outbox.settle import fail
from ..runs.engine import deliver_due
from ..runs.run import Run

LISTED = 1000  # due effects that a dry run names


def do(run: Run) -> None:
    """Deliver until nothing is due; a dry run lists what is due."""
    if run.report.dry_run:
        _list(run)
    else:
        run.report.examined = deliver_due(run, limit=run.limit, progress=run.progress)


def _list(run: Run) -> None:
    pending = select(OutboxMessage).where(
        OutboxMessage.state == EffectState.PENDING.value, OutboxMessage.due_at <= run.now
    )
    wanted = pending.order_by(OutboxMessage.due_at, OutboxMessage.id).limit(min(run.limit, LISTED))
    due = readable(run.runtime.database, OutboxMessage, wanted)
    for message in due:
        if message.fault:
            fail(run.report.tally, message, f"its row cannot be claimed: {message.fault}")
    due = [message for message in due if not message.fault]
    run.report.examined = len(due)
    run.report.planned = [
        {
            "subject": m.about,
            "account": m.account_id,
            "cause": m.kind,
            "effects": [m.effect_key],
        }
        for m in due
    ]
