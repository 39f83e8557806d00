"""Walk due rows: locked chunks, one transaction each, row by row where a chunk fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from ..actions.context import Context
from ..errors import ConfigurationError, DeadlineExceeded, NotReady, Stopped
from ..models.bulk import among
from ..outside.text import describe
from .run import Run

HANGS_TOLERATED = 3  # rows of a chunk whose hook may hang before the rest of the chunk is given up

Row = TypeVar("Row", bound="Swept")


class Swept(Protocol):
    """A model whose rows can be walked: known by an id, and called by a name in reports."""

    id: Any
    account_id: Any

    @staticmethod
    def name_of(row_id: int) -> str:
        """Return what reports call the row of that id."""


@dataclass(frozen=True)
class Sweep(Generic[Row]):
    """What is due and what to do about it.

    `due` selects rows of the model `of`, `by` is the indexed date they are walked along. `prepare` gets the keys of
    the accounts of a chunk, before its rows are locked and outside any transaction; `act` runs inside one and returns
    how many rows it changed. Either may raise: the chunk is then done again row by row.
    """

    of: type[Row]
    due: ColumnElement[bool]
    by: InstrumentedAttribute[Any]
    act: Callable[[Context, Sequence[Row], Any], int]
    prepare: Callable[[Sequence[str]], Any] | None = None


@dataclass(frozen=True)
class _Place:
    """The last row looked at: the next chunk begins behind it, whatever became of this one."""

    at: datetime
    id: int


def sweep(run: Run, task: Sweep[Any]) -> None:
    """Handle every due row once, at most as many as the run has room for."""
    place: _Place | None = None
    while (size := min(run.room, run.runtime.settings.batch_size)) > 0:
        found = _peek(run, task, place, size)
        if not found:
            return
        place = _Place(found[-1].at, found[-1].id)
        _chunk(run, task, found)
        run.progress(len(found))


def _peek(run: Run, task: Sweep[Any], place: _Place | None, size: int) -> Sequence[Any]:
    model = task.of
    statement = select(model.id, task.by.label("at"), model.account_id).where(task.due)
    if place is not None:
        further = or_(task.by > place.at, and_(task.by == place.at, model.id > place.id))
        statement = statement.where(task.by >= place.at, further)
    with run.runtime.reading() as session:
        return session.execute(statement.order_by(task.by, model.id).limit(size)).all()


def _chunk(run: Run, task: Sweep[Any], rows: Sequence[Any]) -> None:
    try:
        _handle(run, task, rows)
    except (NotReady, ConfigurationError, Stopped):
        raise
    except Exception:
        run.runtime.require_database()
        _each_alone(run, task, rows)


def _each_alone(run: Run, task: Sweep[Any], rows: Sequence[Any]) -> None:
    hangs: list[DeadlineExceeded] = []
    for row in rows:
        if len(hangs) == HANGS_TOLERATED:
            _fail(run, task, row.id, hangs[-1])
            continue
        try:
            _handle(run, task, [row])
        except (NotReady, ConfigurationError, Stopped):
            raise
        except Exception as error:
            run.runtime.require_database()
            hangs += [error] if isinstance(error, DeadlineExceeded) else []
            _fail(run, task, row.id, error)


def _fail(run: Run, task: Sweep[Any], row_id: int, error: Exception) -> None:
    run.report.examined += 1
    run.report.fail(task.of.name_of(row_id), describe(error))


def _handle(run: Run, task: Sweep[Any], rows: Sequence[Any]) -> None:
    prepared = task.prepare(sorted({row.account_id for row in rows})) if task.prepare else None
    with run.transaction() as session:
        locked = _lock(session, task, rows)
        context = run.context(session)
        changed = task.act(context, locked, prepared) if locked else 0
    report = run.report
    report.examined += len(locked)
    report.changed += changed
    report.skipped += len(locked) - changed
    report.planned += context.planned
    report.tally.queued += context.queued


def _lock(session: Session, task: Sweep[Any], rows: Sequence[Any]) -> Sequence[Any]:
    # The dates are redundant, but they bound the index scan: without them a planner may walk every due row.
    of_chunk = and_(among(session, task.of, [row.id for row in rows]), task.by.between(rows[0].at, rows[-1].at))
    statement = select(task.of).where(of_chunk, task.due).order_by(task.by, task.of.id)
    return session.scalars(statement.with_for_update(skip_locked=True)).all()
