"""Signals, sent once the change they tell of is committed; never for one that was rolled back.

`subscription_changed(app, account_id, subscription_id, cause, from_status, to_status)`,
`payment_changed(app, ...)`, `effect_failed(app, effect_key, kind, account_id, state, error)`,
`job_finished(app, report)`. A receiver that must not be lost belongs into a hook: signals are not retried.
"""

from __future__ import annotations

from typing import Any

from blinker import NamedSignal, Namespace
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from .outside.logs import logger

_signals = Namespace()
subscription_changed = _signals.signal("subscription-changed")
payment_changed = _signals.signal("payment-changed")
effect_failed = _signals.signal("effect-failed")
job_finished = _signals.signal("job-finished")

log = logger()
WAITING = "subscription_ops_signals"
Waiting = tuple[SessionTransaction | None, NamedSignal, Any, dict[str, Any]]


def send(signal: NamedSignal, sender: Any, **facts: Any) -> None:
    """Send now; a receiver that raises is logged and does not disturb the others' work."""
    for receiver in list(signal.receivers_for(sender)):
        try:
            receiver(sender, **facts)
        except Exception:
            log.exception("a receiver of %s failed", signal.name)


def send_after_commit(session: Session, signal: NamedSignal, sender: Any, **facts: Any) -> None:
    """Send when the session's transaction has been committed; forget it when that is rolled back."""
    if signal.receivers:
        transaction = session.get_nested_transaction() or session.get_transaction()
        session.info.setdefault(WAITING, []).append((transaction, signal, sender, facts))


@event.listens_for(Session, "after_commit")
def _mark_committed(session: Session) -> None:
    if WAITING in session.info and not session.in_nested_transaction():
        session.info[WAITING, "committed"] = True


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, previous: SessionTransaction) -> None:
    waiting: list[Waiting] | None = session.info.get(WAITING)
    if waiting:
        session.info[WAITING] = [item for item in waiting if not _is_within(item[0], previous)]


@event.listens_for(Session, "after_transaction_end")
def _send_committed(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None and WAITING in session.info:
        waiting: list[Waiting] = session.info.pop(WAITING)
        if session.info.pop((WAITING, "committed"), False):
            for _, signal, sender, facts in waiting:
                send(signal, sender, **facts)


def _is_within(transaction: SessionTransaction | None, ended: SessionTransaction) -> bool:
    while transaction is not None:
        if transaction is ended:
            return True
        transaction = transaction.parent
    return False
