"""What a run is held back by: an old schema, the wrong deployment, or a change larger than usual."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, false, func, insert, inspect, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from ..errors import SchemaOutdated, Stopped
from ..models import Base, Deployment, JobRun, Subscription
from ..models.deployment import DEPLOYMENT_ID
from ..runtime import Runtime

if TYPE_CHECKING:
    from .run import Run

CONFIRM_WITHIN = timedelta(days=1)


def require_schema(runtime: Runtime) -> None:
    """Raise SchemaOutdated where a table or column is missing, with one statement where nothing is."""
    tables = Base.metadata.sorted_tables
    try:
        with runtime.reading() as session:
            session.execute(select(*[exists(select(*table.columns).where(false())) for table in tables]))
    except DBAPIError as error:
        runtime.require_database()
        missing = missing_from_schema(runtime)
        if not missing:
            raise
        raise SchemaOutdated(
            f"the database lacks {', '.join(missing[:5])}{' and more' * (len(missing) > 5)}: run `flask db upgrade`"
            " (after `flask db migrate` where this version of the package is new to the app)"
        ) from error


def missing_from_schema(runtime: Runtime) -> list[str]:
    """Return the tables and columns that the package needs and the database does not have."""
    inspector = inspect(runtime.engine)
    present = set(inspector.get_table_names())
    missing: list[str] = []
    for table in Base.metadata.sorted_tables:
        if table.name not in present:
            missing.append(table.name)
            continue
        there = {column["name"] for column in inspector.get_columns(table.name)}
        missing += [f"{table.name}.{column.name}" for column in table.columns if column.name not in there]
    return missing


def stored_deployment(session: Session) -> Deployment | None:
    """Return whose database this is, or None before the first job."""
    return session.get(Deployment, DEPLOYMENT_ID)


def require_deployment(run: Run) -> None:
    """Stop a run against another deployment's database; the first run of all stores the configured name."""
    configured = run.runtime.settings.deployment
    with run.runtime.reading() as session:
        stored = stored_deployment(session)
    if stored is None:
        if not run.report.dry_run:
            _store(run.runtime, configured)
    elif stored.name != configured and not run.report.dry_run:
        raise Stopped(
            f"this database belongs to the deployment {stored.name!r}, and SUBS_DEPLOYMENT is {configured!r}:"
            " nothing is sent or changed. Where this is no copy, take it over with `flask subs deployment adopt`"
        )


def _store(runtime: Runtime, name: str) -> None:
    row = {"id": DEPLOYMENT_ID, "name": name, "epoch": 1, "adopted_at": runtime.clock()}
    table: Any = Deployment.__table__
    try:
        runtime.in_transaction(lambda session: session.execute(insert(table).values(**row)))
    except IntegrityError:
        return  # another first run was quicker


def brake(run: Run, due: int, doing: str) -> None:
    """Stop a run that would change more subscriptions than usual, unless its count was confirmed before.

    A token is good once, for a day, and for at most what it was printed for plus the brake's own allowance.
    A dry run goes on, and says that a real one would be stopped.
    """
    settings = run.runtime.settings
    if due <= settings.brake_min:
        return
    with run.runtime.reading() as session:
        live = session.scalar(select(func.count()).select_from(Subscription).where(Subscription.being_live())) or 0
    allowed = max(settings.brake_min, int(settings.brake_share * live))
    if due <= allowed:
        return
    reason = (
        f"it would {doing} {due} of {live} live subscriptions, more than {allowed} (SUBS_BRAKE_MIN, SUBS_BRAKE_SHARE)"
    )
    if run.report.dry_run:
        run.report.would_stop = reason
    elif not (run.confirm and _use(run, due - allowed)):
        token = secrets.token_hex(4)
        _keep(run, token, due)
        raise Stopped(f"{reason}: nothing was done", token)


def _keep(run: Run, token: str, due: int) -> None:
    statement = update(JobRun).where(JobRun.id == run.report.run).values(confirm=token, due=due)
    run.runtime.in_transaction(lambda session: session.execute(statement))


def _use(run: Run, at_least: int) -> bool:
    """Use the token up; of two runs with the same token one goes on."""
    statement = (
        update(JobRun)
        .where(
            JobRun.job == run.job.name,
            JobRun.confirm == run.confirm,
            JobRun.due >= at_least,
            JobRun.started_at > run.runtime.clock() - CONFIRM_WITHIN,
        )
        .values(confirm=None)
    )
    used: Any = run.runtime.in_transaction(lambda session: session.execute(statement))
    return bool(used.rowcount == 1)
