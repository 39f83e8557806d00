"""Handle due rows: locked chunks, one transaction each, row by row where a chunk fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from ..actions.context import Context
from ..domain.contacts import Contact
from ..errors import ConfigurationError, Stopped
from ..models.bulk import among
from ..outbox.contacts import Asking
from .run import Run
from .unanswered import Unanswered
from .walk import Due, Walk


@dataclass(frozen=True)
class Sweep:
    """What is due and what to do about it.

    `act` runs in a transaction that holds the rows of a chunk. It gets id, account_id and the columns that it `needs`,
    and returns how many rows it changed; where it raises, the chunk is done again row by row. With `asking` it gets the
    contacts of their accounts too, asked for before any row is locked.
    """

    due: Due[Any]
    needs: Sequence[InstrumentedAttribute[Any]]
    act: Callable[[Context, Sequence[Any], Mapping[str, Contact]], int]
    asking: Asking | None = None


def sweep(run: Run, task: Sweep) -> None:
    """Handle every due row once, at most as many as the run has room for."""
    walk = Walk(run, task.due)
    if task.asking is None:
        _at_once(run, task, walk)
    else:
        _after_asking(run, task, walk, Unanswered(run.report, task.asking, task.due.of.name_of))


def _at_once(run: Run, task: Sweep, walk: Walk) -> None:
    """Find and lock each chunk with one statement; one that fails is found again, and done row by row."""
    while walk.size > 0:
        rows = _tried(run, task, walk.wanted(), {})
        if isinstance(rows, Exception):
            rows = walk.find()
            _each_alone(run, task, walk, rows, {})
        if not rows:
            return
        walk.leave(rows)


def _after_asking(run: Run, task: Sweep, walk: Walk, unanswered: Unanswered) -> None:
    """Find each chunk, ask for its contacts, and lock it then: no row is held while the host answers."""
    while not unanswered.is_away and (rows := walk.find()):
        answered, contacts = unanswered.ask(rows)
        if answered and isinstance(_tried(run, task, _again(run, task, answered), contacts), Exception):
            _each_alone(run, task, walk, answered, contacts)
        walk.leave(rows)
    unanswered.settle()


def _each_alone(run: Run, task: Sweep, walk: Walk, rows: Sequence[Any], contacts: Mapping[str, Contact]) -> None:
    for row in rows:
        error = _tried(run, task, _again(run, task, [row]), contacts)
        if isinstance(error, Exception):
            walk.fail(row.id, error)


def _again(run: Run, task: Sweep, rows: Sequence[Any]) -> Select[Any]:
    """Select those of these rows that are still due."""
    due, ids = task.due, among(run.runtime.engine.dialect.name, task.due.of, [row.id for row in rows])
    # The dates are redundant, but they bound the index scan: without them a planner may walk every due row.
    return due.rows().where(ids, due.by.between(rows[0].at, rows[-1].at))


def _tried(run: Run, task: Sweep, wanted: Select[Any], contacts: Mapping[str, Contact]) -> Sequence[Any] | Exception:
    """Return the rows that were handled, or the error where one of them is at fault."""
    try:
        return _handle(run, task, wanted, contacts)
    except (ConfigurationError, Stopped):
        raise
    except Exception as error:
        run.runtime.require_other_reason(error)
        return error


def _handle(run: Run, task: Sweep, wanted: Select[Any], contacts: Mapping[str, Contact]) -> Sequence[Any]:
    """Lock the wanted rows and act on them; return them."""
    locking = wanted.add_columns(*task.needs).with_for_update(skip_locked=True)

    def act(session: Session) -> tuple[Sequence[Any], int, Context]:
        locked, context = session.execute(locking).all(), run.context(session)
        return locked, task.act(context, locked, contacts) if locked else 0, context

    locked, changed, context = run.in_transaction(act)
    report = run.report
    report.examined += len(locked)
    report.changed += changed
    report.skipped += len(locked) - changed
    report.planned += context.planned
    report.tally.queued += context.queued
    return locked
