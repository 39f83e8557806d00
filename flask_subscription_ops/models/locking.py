"""SQLite's write lock, taken at the start of a transaction instead of in its middle."""

from __future__ import annotations

from sqlalchemy import false, update
from sqlalchemy.orm import Session

from .deployment import Deployment


def take_write_lock(session: Session) -> None:
    """Begin writing at once on SQLite, as BEGIN IMMEDIATE does; other databases lock rows and need nothing.

    A write that changes nothing does it in every transaction mode that the host may have set. It also makes sure that
    there is a transaction: Python's sqlite3 begins none for a savepoint, whose release would then commit.
    """
    if session.get_bind(mapper=Deployment).dialect.name == "sqlite":
        nothing = update(Deployment).where(false()).values(name=Deployment.name)
        session.execute(nothing.execution_options(synchronize_session=False))
