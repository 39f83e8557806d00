"""Where a sweep stands: due rows are walked along their date, each looked at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from ..outside.text import describe
from .run import Run

Row = TypeVar("Row", bound="Swept")


class Swept(Protocol):
    """A model whose rows can be walked: known by an id, and called by a name in reports."""

    id: Any
    account_id: Any

    @staticmethod
    def name_of(row_id: int) -> str:
        """Return what reports call the row of that id."""


@dataclass(frozen=True)
class Due(Generic[Row]):
    """The rows of the model `of` for which `when` holds, walked along the indexed date `by`."""

    of: type[Row]
    when: ColumnElement[bool]
    by: InstrumentedAttribute[Any]

    def rows(self) -> Select[Any]:
        """Select them in their order: id, date and account of each."""
        columns = (self.of.id, self.by.label("at"), self.of.account_id)
        return select(*columns).where(self.when).order_by(self.by, self.of.id)


@dataclass(frozen=True)
class _Place:
    at: datetime
    id: int


class Walk:
    """The way along due rows, from one chunk to the next, whatever became of the rows behind."""

    def __init__(self, run: Run, due: Due[Any]) -> None:
        self._run, self._due = run, due
        self._place: _Place | None = None  # the last row looked at
        self._broken: set[int] = set()  # whose date cannot be read

    @property
    def size(self) -> int:
        """How many rows the next chunk may have."""
        return min(self._run.room, self._run.runtime.settings.batch_size)

    def wanted(self) -> Select[Any]:
        """Select the next chunk."""
        statement, key, by, place = self._due.rows(), self._due.of.id, self._due.by, self._place
        if place is not None:
            statement = statement.where(by >= place.at, or_(by > place.at, and_(by == place.at, key > place.id)))
        if self._broken:
            statement = statement.where(key.not_in(self._broken))
        return statement.limit(self.size)

    def find(self) -> Sequence[Any]:
        """Return the next chunk without locking it; a row whose date cannot be read fails, and is left out."""
        while self.size > 0:
            wanted = self.wanted()
            try:
                return self._read(wanted)
            except Exception as error:
                self._run.runtime.require_other_reason(error)
                if not self._fail_unreadable(wanted):
                    raise
        return []

    def leave(self, rows: Sequence[Any]) -> None:
        """Go on behind a chunk."""
        self._place = _Place(rows[-1].at, rows[-1].id)
        self._run.progress(len(rows))

    def fail(self, row_id: int, error: Exception) -> None:
        """Count a row as failed, for this reason."""
        self._run.report.examined += 1
        self._run.report.fail(self._due.of.name_of(row_id), describe(error))

    def _fail_unreadable(self, wanted: Select[Any]) -> bool:
        found = len(self._broken)
        for (row_id,) in self._read(wanted.with_only_columns(self._due.of.id)):
            try:
                self._read(wanted.where(self._due.of.id == row_id))
            except Exception as error:
                self._run.runtime.require_other_reason(error)
                self._broken.add(row_id)
                self.fail(row_id, error)
        return len(self._broken) > found

    def _read(self, wanted: Select[Any]) -> Sequence[Any]:
        with self._run.runtime.reading() as session:
            return session.execute(wanted).all()
