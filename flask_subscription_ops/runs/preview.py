"""What a dry run says of a delivery."""

from __future__ import annotations

from sqlalchemy import select

from ..database.readable import readable
from ..models import OutboxMessage
from ..outbox.claim import is_due
from ..outbox.delivery import NO_LIMIT
from ..outbox.settle import fail
from .run import Run

LISTED = 1000  # due effects that are named


def list_due(run: Run, limit: int = NO_LIMIT) -> int:
    """Plan the effects that wait and are due, the most urgent first, and return how many that are."""
    wanted = select(OutboxMessage).where(*is_due(run.now)).order_by(OutboxMessage.due_at, OutboxMessage.id)
    listed = 0
    for message in readable(run.runtime.database, OutboxMessage, wanted.limit(min(limit, LISTED))):
        if message.fault:
            fail(run.report.tally, message, f"its row cannot be claimed: {message.fault}")
            continue
        listed += 1
        planned = {"subject": message.about, "account": message.account_id, "cause": message.kind}
        run.report.planned.append({**planned, "effects": [message.effect_key]})
    return listed
