"""Walk due rows: locked chunks, one transaction each, row by row where a chunk fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from ..actions.context import Context
from ..domain.contacts import Contact
from ..errors import ConfigurationError, Stopped
from ..models.bulk import among
from ..outbox.contacts import Asking
from ..outside.text import describe
from .run import Run
from .unanswered import Unanswered

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

    `due` selects rows of the model `of`, `by` is the indexed date they are walked along. `act` runs in a transaction
    that holds the rows of a chunk, gets their id, account_id and the columns that it `needs`, and returns how many of
    them it changed; where it raises, the chunk is done again row by row. With `asking` it gets the contacts of their
    accounts too, asked for before any row is locked.
    """

    of: type[Row]
    due: ColumnElement[bool]
    by: InstrumentedAttribute[Any]
    needs: Sequence[InstrumentedAttribute[Any]]
    act: Callable[[Context, Sequence[Any], Mapping[str, Contact]], int]
    asking: Asking | None = None


@dataclass(frozen=True)
class _Place:
    """The last row looked at: the next chunk begins behind it, whatever became of this one."""

    at: datetime
    id: int


def sweep(run: Run, task: Sweep[Any]) -> None:
    """Handle every due row once, at most as many as the run has room for."""
    if task.asking is None:
        for rows in _chunks(run, task):
            _chunk(run, task, rows, {})
        return
    unanswered = Unanswered(run.report, task.asking, task.of.name_of)
    for rows in _chunks(run, task):
        _chunk(run, task, *unanswered.ask(rows))
        if unanswered.is_away:
            break
    unanswered.settle()


def _chunks(run: Run, task: Sweep[Any]) -> Iterator[Sequence[Any]]:
    place: _Place | None = None
    broken: set[int] = set()
    while (size := min(run.room, run.runtime.settings.batch_size)) > 0:
        wanted = _behind(task, place, broken).limit(size)
        try:
            found = _read(run, wanted)
        except Exception as error:
            run.runtime.require_other_reason(error)
            unreadable = _unreadable(run, task, wanted)
            if not unreadable:
                raise
            broken |= unreadable
            continue
        if not found:
            return
        place = _Place(found[-1].at, found[-1].id)
        yield found
        run.progress(len(found))


def _behind(task: Sweep[Any], place: _Place | None, broken: set[int]) -> Select[Any]:
    model = task.of
    statement = select(model.id, task.by.label("at"), model.account_id).where(task.due).order_by(task.by, model.id)
    if place is not None:
        further = or_(task.by > place.at, and_(task.by == place.at, model.id > place.id))
        statement = statement.where(task.by >= place.at, further)
    return statement.where(model.id.not_in(broken)) if broken else statement


def _read(run: Run, wanted: Select[Any]) -> Sequence[Any]:
    with run.runtime.reading() as session:
        return session.execute(wanted).all()


def _unreadable(run: Run, task: Sweep[Any], wanted: Select[Any]) -> set[int]:
    """Fail those of the wanted rows whose date cannot be read, and return their ids."""
    broken = set()
    for (row_id,) in _read(run, wanted.with_only_columns(task.of.id)):
        try:
            _read(run, wanted.where(task.of.id == row_id))
        except Exception as error:
            run.runtime.require_other_reason(error)
            broken.add(row_id)
            _fail(run, task, row_id, error)
    return broken


def _chunk(run: Run, task: Sweep[Any], rows: Sequence[Any], contacts: Mapping[str, Contact]) -> None:
    try:
        _handle(run, task, rows, contacts)
    except (ConfigurationError, Stopped):
        raise
    except Exception as error:
        run.runtime.require_other_reason(error)
        for row in rows:
            _alone(run, task, row, contacts)


def _alone(run: Run, task: Sweep[Any], row: Any, contacts: Mapping[str, Contact]) -> None:
    try:
        _handle(run, task, [row], contacts)
    except (ConfigurationError, Stopped):
        raise
    except Exception as error:
        run.runtime.require_other_reason(error)
        _fail(run, task, row.id, error)


def _fail(run: Run, task: Sweep[Any], row_id: int, error: Exception) -> None:
    run.report.examined += 1
    run.report.fail(task.of.name_of(row_id), describe(error))


def _handle(run: Run, task: Sweep[Any], rows: Sequence[Any], contacts: Mapping[str, Contact]) -> None:
    if not rows:
        return

    def act(session: Session) -> tuple[int, int, Context]:
        locked, context = _lock(session, task, rows), run.context(session)
        return len(locked), task.act(context, locked, contacts) if locked else 0, context

    examined, changed, context = run.in_transaction(act)
    report = run.report
    report.examined += examined
    report.changed += changed
    report.skipped += examined - changed
    report.planned += context.planned
    report.tally.queued += context.queued


def _lock(session: Session, task: Sweep[Any], rows: Sequence[Any]) -> Sequence[Any]:
    # The dates are redundant, but they bound the index scan: without them a planner may walk every due row.
    of_chunk = and_(among(session, task.of, [row.id for row in rows]), task.by.between(rows[0].at, rows[-1].at))
    statement = select(task.of.id, task.of.account_id, *task.needs).where(of_chunk, task.due)
    return session.execute(statement.order_by(task.by, task.of.id).with_for_update(skip_locked=True)).all()
