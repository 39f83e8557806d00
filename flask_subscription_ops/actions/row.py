"""One row in the caller's session: locked before it changes, and true whatever becomes of a savepoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.inspection import inspect
from sqlalchemy.orm import InstanceState, Session, SessionTransaction, attributes, object_session

from ..database.faults import is_contention
from ..errors import IllegalTransition, InvalidInput
from ..models import Subscription
from ..models.locking import take_write_lock
from .context import Context

SHOWN = "subscription_ops_shown"


def lock(context: Context, subscription: Subscription) -> Subscription:
    """Lock one subscription's row until the caller's transaction ends, and read it anew.

    Raises IllegalTransition where another transaction is changing it and does not let go.
    """
    if not isinstance(subscription, Subscription):
        given = type(subscription).__name__
        raise InvalidInput(f"a Subscription is needed, got {given}; look it up with get(account_id)")
    state: InstanceState[Subscription] = inspect(subscription)
    if state.transient or state.detached or object_session(subscription) is not context.session:
        raise InvalidInput("the subscription belongs to another session; look it up again with get(account_id)")
    context.session.flush()
    with giving_way():
        take_write_lock(context.session)
        context.session.refresh(subscription, with_for_update=True)
    return subscription


@contextmanager
def giving_way() -> Iterator[None]:
    """Raise IllegalTransition where another transaction stands in the way and does not let go."""
    try:
        yield
    except DBAPIError as error:
        if not is_contention(error):
            raise
        raise IllegalTransition(
            "the subscription is being changed by someone else: roll back, look at it again and repeat"
        ) from error


def show(session: Session, subscription: Subscription, values: Mapping[str, Any]) -> None:
    """Let an object tell what was just written past it; where that is rolled back, it is read anew."""
    for name, value in values.items():
        attributes.set_committed_value(subscription, name, value)
    transaction = session.get_nested_transaction()
    if transaction is not None:
        session.info.setdefault(SHOWN, []).append((transaction, subscription))


@event.listens_for(Session, "after_soft_rollback")
def _read_anew(session: Session, previous: SessionTransaction) -> None:
    # The session expires by itself what it wrote by itself, and at the end of the outer transaction everything.
    for transaction, subscription in session.info.get(SHOWN, ()):
        if _is_within(transaction, previous) and subscription in session:
            session.expire(subscription)


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(SHOWN, None)


def _is_within(transaction: SessionTransaction | None, ended: SessionTransaction) -> bool:
    while transaction is not None:
        if transaction is ended:
            return True
        transaction = transaction.parent
    return False
