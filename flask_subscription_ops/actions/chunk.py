"""Change many subscriptions alike: one statement each for rows, audit and effects, whatever their number.

What `change.apply` writes for one subscription the database writes here for a chunk, along the same edge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from ..domain.clock import to_text
from ..domain.states import Cause, Edge, Status, edge
from ..errors import IllegalTransition
from ..models import Subscription
from ..models.audit import HASHED
from ..models.bulk import dialect_of
from ..models.given import document
from ..models.types import as_json
from . import twins
from .audit import UNWATCHED, before
from .change import plan, tell, wanted, written
from .context import Context

COUNTED = {"preserve_rowcount": True}


def change_chunk(context: Context, rows: Sequence[Any], cause: Cause, values: Mapping[str, Any]) -> int:
    """Change locked rows of one status for the same cause, with these columns besides the status; return how many.

    Each row tells its id, version, account_id and status, and what the columns hold that are to change. Raises
    IllegalTransition, before anything is written, where the status does not allow the cause.
    """
    if not rows:
        return 0
    along = edge(Status(rows[0].status), cause)
    new = written(along, values)
    for alike in _by_what_they_held(rows, new):
        given = _write(context, alike, cause, along, new)
        keys = _queue(context, given, cause, along)
        for row in alike:
            tell(context, row, cause, row.status, along.to)
            if context.rehearses:
                context.planned.append(plan(row, cause, row.status, along.to, keys[row.id]))
    return len(rows)


def queue(
    context: Context, queueing: twins.Queueing, kind: str, parameters: Mapping[str, Any]
) -> list[tuple[int, str]]:
    """Queue the effects of a chunk; a dry run gets the keys of the new ones, each with its subscription's id."""
    keys = []
    if context.rehearses:
        keys = [(row.id, row.effect_key) for row in context.session.execute(queueing.new, parameters)]
    stored: Any = context.session.execute(queueing.insert, parameters, execution_options=COUNTED)
    context.queued[kind] += stored.rowcount
    return keys


def _by_what_they_held(rows: Sequence[Any], new: Mapping[str, Any]) -> list[list[Any]]:
    held, alike = attrgetter(*sorted(new.keys() - UNWATCHED)), defaultdict(list)
    for row in rows:
        alike[held(row)].append(row)
    return list(alike.values())


def _write(context: Context, rows: Sequence[Any], cause: Cause, along: Edge, new: Mapping[str, Any]) -> str:
    """Write rows that held the same, and their audit; return these rows as statements read them."""
    entry = {
        "from_status": rows[0].status,
        "to_status": along.to.value,
        "cause": cause.value,
        "actor": context.actor,
        "run_id": context.run_id,
        "details": {"before": before(rows[0], new)},
    }
    given = _locked(context, rows)
    values, dialect = {**new, "updated_at": context.now}, dialect_of(context.session, Subscription).name
    parameters = {
        "rows": given,
        "at_json": as_json(to_text(context.now)),
        "rest_json": ", ".join(as_json(entry[name]) for name in HASHED if name in entry),
        **{f"new_{name}": value for name, value in values.items()},
    }
    done: Any = context.session.execute(twins.change(dialect, tuple(values)), parameters)
    if done.rowcount != len(rows):
        raise IllegalTransition("one of these subscriptions was changed by someone else meanwhile; look at it again")
    context.session.execute(twins.audit(dialect), {"rows": given, "at": context.now, **entry})
    return given


def _queue(context: Context, given: str, cause: Cause, along: Edge) -> Mapping[int, list[str]]:
    dialect, (kind, wish) = dialect_of(context.session, Subscription).name, wanted(context, along)
    parameters, found = {"rows": given, "now": context.now}, []
    if kind:
        found += queue(context, twins.email(dialect, kind), kind, parameters)
    if wish:
        reason = {"details": {"reason": cause.value}}
        found += queue(context, twins.operation(dialect, wish), wish.value, {**parameters, **reason})
    keys: dict[int, list[str]] = defaultdict(list)
    for row_id, key in found:
        keys[row_id].append(key)
    return keys


def _locked(context: Context, rows: Sequence[Any]) -> str:
    own = [{"id": row.id, "version": row.version} for row in rows]
    return document(dialect_of(context.session, Subscription), twins.LOCKED, own)
