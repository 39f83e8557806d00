"""Rows for people to read: one that cannot be read as a whole is shown with the rest of it, and hides no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm.attributes import set_committed_value

from ..models.base import Base
from ..models.schema import require_schema
from ..outside.text import describe
from .sessions import Database

Row = TypeVar("Row", bound=Base)


def readable(database: Database, of: type[Row], wanted: Select[Any]) -> list[Row]:
    """Return the wanted rows of a model, in their order.

    What cannot be read of one is None in it, and its `fault` says so.
    """
    try:
        return _read(database, wanted)
    except Exception as error:
        database.require_other_reason(error)
    key: Any = of.__table__.c.id
    with database.reading() as session:
        require_schema(session)
        ids = session.scalars(wanted.with_only_columns(key)).all()
    return _apart(database, of, wanted, ids)


def pages(database: Database, of: type[Row], wanted: Select[Any], size: int) -> Iterator[list[Row]]:
    """Yield the wanted rows of a model in the order of their ids, at most `size` at a time."""
    key: Any = of.__table__.c.id
    ordered, last = wanted.order_by(key).limit(size), 0
    while found := readable(database, of, ordered.where(key > last)):
        yield found
        last = found[-1].id  # type: ignore[attr-defined]  # every model of ours has one


def _read(database: Database, wanted: Select[Any]) -> list[Any]:
    with database.reading() as session:
        return list(session.scalars(wanted))


def _apart(database: Database, of: type[Row], wanted: Select[Any], ids: Sequence[int]) -> list[Row]:
    if len(ids) == 1:
        return [_remains(database, of, ids[0])]
    found: list[Row] = []
    for half in (ids[: len(ids) // 2], ids[len(ids) // 2 :]):
        try:
            found += _read(database, wanted.where(of.__table__.c.id.in_(half)))
        except Exception as error:
            database.require_other_reason(error)
            found += _apart(database, of, wanted, half)
    return found


def _remains(database: Database, of: type[Row], row_id: int) -> Row:
    """Read one row column by column."""
    row, faults = of(), []
    for name in [attribute.key for attribute in of.__mapper__.column_attrs]:
        value = None
        try:
            [value] = _read(database, select(getattr(of, name)).where(of.__table__.c.id == row_id))
        except Exception as error:
            database.require_other_reason(error)
            faults.append(f"{name} cannot be read: {describe(error)}")
        set_committed_value(row, name, value)
    row.fault = "; ".join(faults)
    return row
