"""The package's own declarative base, and its tables' twins in the host's metadata."""

from __future__ import annotations

from sqlalchemy import MetaData, Table
from sqlalchemy.orm import DeclarativeBase

from .types import plain

NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
}


class Base(DeclarativeBase):
    """Ground of every model; no class of it knows the host's tables."""

    metadata = MetaData(naming_convention=NAMING)


def mirror(metadata: MetaData) -> None:
    """Copy every table into the host's metadata, once, so that `flask db migrate` and `create_all` see it.

    The copies have plain column types: a migration written from them needs no import of this package.
    """
    for table in Base.metadata.sorted_tables:
        if table.key not in metadata.tables:
            _with_plain_types(table.to_metadata(metadata))


def _with_plain_types(table: Table) -> None:
    for column in table.columns:
        column.type = plain(column.type)
