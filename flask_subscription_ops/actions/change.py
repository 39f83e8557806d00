"""How any subscription changes: checked against the table of states, then written with its audit and its effects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import update
from sqlalchemy.inspection import inspect
from sqlalchemy.orm import InstanceState, attributes, object_session

from ..domain.states import BEGINNINGS, LIVE, Cause, Edge, Status, Workspaces, edge
from ..errors import IllegalTransition, InvalidInput
from ..models import AuditEntry, Subscription
from ..models.bulk import among, insert_rows
from ..outbox.effects import Effect, email, workspaces
from ..outbox.enqueue import enqueue
from ..signals import send_after_commit, subscription_changed
from .work import Work

TRIAL_EMAILS = ("trial_started", "trial_expired")  # keyed by the day the trial ends, the others by version


@dataclass(frozen=True)
class Change:
    """One wish: this subscription, for this cause, with these columns besides the status.

    `workspaces_elsewhere` says that the account's workspaces belong to another subscription now.
    """

    subscription: Subscription
    cause: Cause
    values: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    workspaces_elsewhere: bool = False


@dataclass(frozen=True)
class _Step:
    change: Change
    edge: Edge
    from_status: str | None

    @property
    def subscription(self) -> Subscription:
        return self.change.subscription


def apply(work: Work, changes: Sequence[Change]) -> None:
    """Write a chunk of changes whose rows the caller has locked, in a constant number of statements.

    Raises IllegalTransition, before anything is written, where a status does not allow its cause.
    """
    steps = [_decide(change) for change in changes]
    for group in _alike(steps).values():
        _update(work, group)
    record(work, steps)


def begin(work: Work, subscription: Subscription, cause: Cause, *, comes_back: bool) -> None:
    """Record a subscription that was just added: its first audit entry and the effects of its beginning.

    Where an account comes back, an earlier end stopped its workspaces: they are started again.
    """
    first = replace(BEGINNINGS[cause], workspaces=Workspaces.START) if comes_back else BEGINNINGS[cause]
    record(work, [_Step(Change(subscription, cause), first, None)])


def record(work: Work, steps: Sequence[_Step]) -> None:
    """Write audit, effects and signals of steps whose subscriptions are already written."""
    if not steps:
        return
    insert_rows(work.session, AuditEntry, [_audit_row(work, step) for step in steps])
    new = enqueue(work.session, [effect for step in steps for effect in _effects(work, step)], work.now)
    work.queued.update(effect.kind for effect in new)
    work.planned += _planned(steps, new) if work.rehearses else []
    for step in steps:
        _tell(work, step)


def lock(work: Work, subscription: Subscription) -> Subscription:
    """Lock one subscription's row until the caller's transaction ends, and read it anew."""
    if not isinstance(subscription, Subscription):
        given = type(subscription).__name__
        raise InvalidInput(f"a Subscription is needed, got {given}; look it up with get(account_id)")
    state: InstanceState[Subscription] = inspect(subscription)
    if state.transient or state.detached or object_session(subscription) is not work.session:
        raise InvalidInput("the subscription belongs to another session; look it up again with get(account_id)")
    work.session.flush()
    work.session.refresh(subscription, with_for_update=True)
    return subscription


def _decide(change: Change) -> _Step:
    subscription = change.subscription
    status = Status(subscription.status)
    return _Step(change, edge(status, change.cause, subscription.subject), status.value)


def _alike(steps: Sequence[_Step]) -> dict[Any, list[_Step]]:
    groups: dict[Any, list[_Step]] = defaultdict(list)
    for step in steps:
        groups[step.from_status, step.edge.to, tuple(sorted(step.change.values.items()))].append(step)
    return groups


def _update(work: Work, steps: list[_Step]) -> None:
    first = steps[0]
    values = {
        "status": first.edge.to.value,
        "live": True if first.edge.to in LIVE else None,
        **first.change.values,
        "updated_at": work.now,
    }
    wanted = among(work.session, Subscription, [step.subscription.id for step in steps])
    statement = (
        update(Subscription)
        .where(wanted, Subscription.status == first.from_status)
        .values(**values, version=Subscription.version + 1)
        .execution_options(synchronize_session=False)
    )
    written: Any = work.session.execute(statement)
    if written.rowcount != len(steps):
        raise IllegalTransition(f"{first.subscription.subject} was changed by someone else meanwhile; look at it again")
    for step in steps:
        _show(step.subscription, {**values, "version": step.subscription.version + 1})


def _show(subscription: Subscription, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        attributes.set_committed_value(subscription, name, value)


def _audit_row(work: Work, step: _Step) -> dict[str, Any]:
    subscription = step.subscription
    return {
        "at": work.now,
        "account_id": subscription.account_id,
        "subscription_id": subscription.id,
        "version": subscription.version,
        "from_status": step.from_status,
        "to_status": subscription.status,
        "cause": step.change.cause.value,
        "actor": work.actor,
        "run_id": work.run_id,
        "details": dict(step.change.details),
    }


def _effects(work: Work, step: _Step) -> list[Effect]:
    subscription, found = step.subscription, []
    kind, wish = step.edge.email, step.edge.workspaces
    if kind and kind not in work.settings.emails_off:
        found.append(email(kind, subscription, work.now, _stamp(kind, subscription), **step.change.details))
    if wish and work.has_workspaces and not step.change.workspaces_elsewhere:
        found.append(workspaces(wish, subscription, work.now, step.change.cause.value))
    return found


def _stamp(kind: str, subscription: Subscription) -> date | int:
    if kind in TRIAL_EMAILS and subscription.trial_ends_at is not None:
        return subscription.trial_ends_at.date()
    return subscription.version


def _planned(steps: Sequence[_Step], new: Sequence[Effect]) -> list[dict[str, Any]]:
    keys = defaultdict(list)
    for effect in new:
        keys[effect.subscription.id].append(effect.key)
    return [
        {
            "subject": step.subscription.subject,
            "account": step.subscription.account_id,
            "cause": step.change.cause.value,
            "from": step.from_status,
            "to": step.edge.to.value,
            "effects": keys[step.subscription.id],
        }
        for step in steps
    ]


def _tell(work: Work, step: _Step) -> None:
    send_after_commit(
        work.session,
        subscription_changed,
        work.sender,
        account_id=step.subscription.account_id,
        subscription_id=step.subscription.id,
        cause=step.change.cause.value,
        from_status=step.from_status,
        to_status=step.edge.to.value,
    )
