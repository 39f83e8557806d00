"""How any subscription changes: checked against the table of edges, then written with its audit and its effects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..domain.states import LIVE, Cause, Edge, Status, WorkspaceWish, edge
from ..errors import IllegalTransition
from ..models import AuditEntry, Subscription
from ..models.bulk import insert_rows, update_rows
from ..models.subscription import ENDS, LOOK_NOW
from ..outbox.effects import Effect, email, operation
from ..outbox.enqueue import enqueue
from ..signals import send_after_commit, subscription_changed
from .audit import first_entry, next_entry
from .context import Context
from .row import show


@dataclass(frozen=True)
class Change:
    """What is to change: this subscription, for this cause, with these columns besides the status.

    `workspaces_elsewhere` says that the account's workspaces belong to another subscription now.
    """

    subscription: Subscription
    cause: Cause
    values: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    workspaces_elsewhere: bool = False


@dataclass(frozen=True)
class _Step:
    """A change with the edge it takes, all that it writes, and the audit entry that tells of it."""

    change: Change
    edge: Edge
    values: Mapping[str, Any]
    entry: Mapping[str, Any]

    @property
    def subscription(self) -> Subscription:
        return self.change.subscription

    @property
    def facts(self) -> tuple[Cause, str | None, Status]:
        return self.change.cause, self.entry["from_status"], self.edge.to


def apply(context: Context, changes: Sequence[Change]) -> None:
    """Write a chunk of changes whose rows the caller has locked, in a constant number of statements.

    Raises IllegalTransition, before anything is written, where a status does not allow its cause; and where a row is
    not in the version that was read any more.
    """
    steps = [_decide(context, change) for change in changes]
    for alike in _by_columns(steps).values():
        _update(context, alike)
    _record(context, steps)


def begin(context: Context, subscription: Subscription, cause: Cause, *, comes_back: bool) -> None:
    """Record a subscription that was just added: its first audit entry and the effects of its beginning.

    Where an account comes back, an earlier end stopped its workspaces: they are started again.
    """
    first = edge(None, cause)
    if comes_back:
        first = replace(first, workspaces=WorkspaceWish.START)
    entry = first_entry(subscription, cause, context.actor, context.run_id)
    _record(context, [_Step(Change(subscription, cause), first, {}, entry)])


def written(edge: Edge, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return every column that a change along an edge writes, with `values` besides the status."""
    ends_move = not values.keys().isdisjoint(ENDS)
    return {
        "status": edge.to.value,
        "live": True if edge.to in LIVE else None,
        **({"reminder_due_at": LOOK_NOW} if ends_move else {}),
        **values,
    }


def wanted(context: Context, edge: Edge) -> tuple[str | None, WorkspaceWish | None]:
    """Return which email a change along an edge queues, and what it wants of workspaces."""
    email_kind = edge.email if edge.email not in context.settings.emails_off else None
    return email_kind, edge.workspaces if context.has_workspaces else None


def plan(row: Any, cause: Cause, from_status: str | None, to: Status, effects: Sequence[str]) -> dict[str, Any]:
    """Return what a dry run tells of a change; `row` is the subscription, or what was read of it."""
    return {
        "subject": Subscription.name_of(row.id),
        "account": row.account_id,
        "cause": cause.value,
        "from": from_status,
        "to": to.value,
        "effects": effects,
    }


def tell(context: Context, row: Any, cause: Cause, from_status: str | None, to: Status) -> None:
    """Let receivers know of a change once it is committed; `row` is the subscription, or what was read of it."""
    send_after_commit(
        context.session,
        subscription_changed,
        context.sender,
        account_id=row.account_id,
        subscription_id=row.id,
        cause=cause.value,
        from_status=from_status,
        to_status=to.value,
    )


def _decide(context: Context, change: Change) -> _Step:
    subscription = change.subscription
    found = edge(Status(subscription.status), change.cause, subscription.subject)
    values = written(found, change.values)
    return _Step(change, found, values, next_entry(context, subscription, change.cause, values, change.details))


def _by_columns(steps: Sequence[_Step]) -> Mapping[frozenset[str], list[_Step]]:
    groups: dict[frozenset[str], list[_Step]] = defaultdict(list)
    for step in steps:
        groups[frozenset(step.values)].append(step)
    return groups


def _update(context: Context, steps: Sequence[_Step]) -> None:
    rows = [_row(context, step) for step in steps]
    if update_rows(context.session, Subscription, rows) != len(rows):
        names = ", ".join(step.subscription.subject for step in steps[:5])
        raise IllegalTransition(f"{names} was changed by someone else meanwhile; look at it again")
    for step, row in zip(steps, rows, strict=True):
        show(context.session, step.subscription, {**row, "version": row["version"] + 1})


def _row(context: Context, step: _Step) -> dict[str, Any]:
    own = {"id": step.subscription.id, "version": step.subscription.version}
    return {**own, **step.values, "audit_hash": step.entry["hash"], "updated_at": context.now}


def _record(context: Context, steps: Sequence[_Step]) -> None:
    """Write audit, effects and signals of steps whose subscriptions are already written."""
    insert_rows(context.session, AuditEntry, [step.entry for step in steps])
    new = enqueue(context.session, [effect for step in steps for effect in _effects(context, step)], context.now)
    context.queued.update(effect.kind for effect in new)
    context.planned += _planned(steps, new) if context.rehearses else []
    for step in steps:
        tell(context, step.subscription, *step.facts)


def _effects(context: Context, step: _Step) -> list[Effect]:
    subscription, found = step.subscription, []
    kind, wish = wanted(context, step.edge)
    if kind:
        found.append(email(kind, subscription, context.now, details=step.change.details))
    if wish and not step.change.workspaces_elsewhere:
        found.append(operation(wish, subscription, context.now, step.change.cause.value))
    return found


def _planned(steps: Sequence[_Step], new: Sequence[Effect]) -> list[dict[str, Any]]:
    keys = defaultdict(list)
    for effect in new:
        keys[effect.subject.name].append(effect.key)
    return [plan(step.subscription, *step.facts, keys[step.subscription.subject]) for step in steps]
