"""What happened, told from the tables."""

from __future__ import annotations

from collections.abc import Iterator

from flask_subscription_ops.models import OutboxMessage, Subscription
from sqlalchemy import func, select

from ..extensions import db
from ..models import STOPPED, Workspace

STATES = {"done": "sent", "pending": "waits for nine o'clock where the customer is"}


def lines() -> Iterator[str]:
    """Tell the effects by kind and state, and how many workspaces the extension has stopped."""
    effects = select(OutboxMessage.kind, OutboxMessage.state, func.count()).group_by(
        OutboxMessage.kind, OutboxMessage.state
    )
    for kind, state, count in db.session.execute(effects.order_by(OutboxMessage.kind, OutboxMessage.state)):
        yield f"{count:>6}  {kind}: {state}"
    expired = select(func.count()).where(Subscription.status == "expired")
    yield f"{db.session.scalar(expired):>6}  subscriptions expired"
    stopped = select(func.count()).where(Workspace.status == STOPPED, Workspace.operation_id != "")
    yield f"{db.session.scalar(stopped):>6}  workspaces stopped"
