"""What the doctor finds in the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import false, func, select, update

from ..domain.retry import NEEDS_A_HUMAN
from ..errors import NotReady, Stopped
from ..models import OutboxMessage
from ..models.deployment import Deployment, require_own, stored_deployment
from ..models.schema import missing_from_schema, missing_indexes
from ..outside.typed import typed
from ..runs.engine import translating_database_errors
from ..runtime import Runtime

WRITE_NOTHING = update(Deployment).where(false()).values(name=Deployment.name)


def usable(runtime: Runtime) -> Iterator[str]:
    """Say why it cannot be written; raises NotReady where it cannot be read either."""
    runtime.require_database()
    if _missing(runtime):
        return
    try:
        with translating_database_errors(runtime):
            runtime.in_transaction(lambda session: session.execute(WRITE_NOTHING), rehearses=True)
    except NotReady as error:  # it can be read all the same
        yield str(error)


def schema(runtime: Runtime) -> Iterator[str]:
    """Name the tables and columns that are missing."""
    if names := _missing(runtime):
        yield f"{_are(names)} missing: run {_migrate_and_upgrade()}"


def _missing(runtime: Runtime) -> list[str]:
    with runtime.reading() as session:
        return missing_from_schema(session)


def indexes(runtime: Runtime) -> Iterator[str]:
    """Name the indexes that are missing."""
    with runtime.reading() as session:
        names = missing_indexes(session)
    if names:
        yield f"{_are(names)} missing: due rows are found by scanning; run {_migrate_and_upgrade()}"


def _are(names: Sequence[str]) -> str:
    return f"{', '.join(names)} {'are' if len(names) > 1 else 'is'}"


def _migrate_and_upgrade() -> str:
    return f"`{typed('db', 'migrate')}` and `{typed('db', 'upgrade')}`"


def deployment(runtime: Runtime) -> Iterator[str]:
    """Say whose the database is where it is another's."""
    if _missing(runtime):
        return
    with runtime.reading() as session:
        owner = stored_deployment(session)
    try:
        require_own(owner.name if owner else None, runtime.settings)
    except Stopped as stopped:
        yield str(stopped)


def effects(runtime: Runtime) -> Iterator[str]:
    """Count the effects that wait for a person."""
    if _missing(runtime):
        return
    counted = select(OutboxMessage.state, func.count()).where(OutboxMessage.being(*NEEDS_A_HUMAN))
    with runtime.reading() as session:
        for state, count in session.execute(counted.group_by(OutboxMessage.state)):
            listing = runtime.settings.command("outbox", "list", "--state", state)
            yield f"{count} effect{'s are' if count > 1 else ' is'} {state}: look at `{listing}`, then retry or drop"
