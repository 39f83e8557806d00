"""What happened, told from the tables."""

from __future__ import annotations

from collections.abc import Iterator

from flask_subscription_ops.models import OutboxMessage, Subscription
from sqlalchemy import ColumnElement, func, select

from ..extensions import db
from ..models import STOPPED, Workspace

EMAILS = ("trial_reminder", "trial_expired")


def lines() -> Iterator[str]:
    """Tell how many customers were reminded, ended and stopped, and who waits for what."""
    yield _line(_effects("done", "trial_reminder"), "customers reminded")
    yield _line(_effects("pending", "trial_reminder"), "reminders wait: it is before nine where the customer is")
    yield _line(_count(Subscription.status == "expired"), "trials ended")
    yield _line(_effects("done", "trial_expired"), "customers told so")
    yield _line(_count(Workspace.status == STOPPED, Workspace.operation_id != ""), "workspaces stopped")
    yield _line(_effects("no_recipient", *EMAILS), "emails had nobody to go to: the company has no admin")
    yield _line(_effects("dead", *EMAILS), "emails need a person: the address is none")


def _effects(state: str, *kinds: str) -> int:
    return _count(OutboxMessage.state == state, OutboxMessage.kind.in_(kinds))


def _count(*conditions: ColumnElement[bool]) -> int:
    return db.session.scalars(select(func.count()).where(*conditions)).one()


def _line(count: int, what: str) -> str:
    return f"{count:>6}  {what}"
