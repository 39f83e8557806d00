"""What a run is held back by: an old schema, the wrong deployment, or a change larger than usual."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, false, func, insert, inspect, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from ..errors import SchemaOutdated
from ..models import Base, Deployment, JobRun, Subscription
from ..models.deployment import DEPLOYMENT_ID
from ..runtime import Runtime

if TYPE_CHECKING:
    from .run import Run

CONFIRM_WITHIN = timedelta(days=1)


class Stopped(Exception):
    """A guard stopped the run before it changed anything; `confirm` is the token that lets it go on, if one can."""

    def __init__(self, reason: str, confirm: str | None = None) -> None:
        super().__init__(reason)
        self.confirm = confirm


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
    if due <= run.runtime.settings.brake_min:
        return
    live, allowed = _allowance(run)
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


class MassAnswer:
    """The brake on a contacts hook that leaves out many accounts at once: that is rather a fault than a mass exodus."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._stopped: Stopped | None = None
        self._is_confirmed = False

    def may_lose(self, gone: int, everybody: bool) -> bool:
        """Tell whether emails may be given up because so many accounts, or all that were asked for, are gone."""
        run, share = self._run, self._run.runtime.settings.brake_share
        if self._is_confirmed or (gone <= run.runtime.settings.brake_min and not everybody):
            return True
        _, allowed = _allowance(run)
        if gone <= allowed and (share >= 1 or not everybody):
            return True
        self._is_confirmed = bool(run.confirm and _use(run, 0 if everybody else gone - allowed))
        if not self._is_confirmed:
            self._stopped = _stop(run, gone, f"all {gone}" if everybody else f"{gone}, more than {allowed},")
        return self._is_confirmed

    def raise_stopped(self) -> None:
        """Raise what stopped the emails, if anything did."""
        if self._stopped is not None:
            raise self._stopped


def _stop(run: Run, gone: int, how_many: str) -> Stopped:
    token = secrets.token_hex(4)
    _keep(run, token, gone)
    return Stopped(
        f"the contacts hook leaves out {how_many} accounts that have emails due, as if they were gone (SUBS_BRAKE_MIN,"
        " SUBS_BRAKE_SHARE): no email was given up or sent after that. Mend the hook, or confirm that they are gone",
        token,
    )


def _allowance(run: Run) -> tuple[int, int]:
    """Return how many live subscriptions there are, and how many of them the brake lets a run change."""
    settings = run.runtime.settings
    with run.runtime.reading() as session:
        live = session.scalar(select(func.count()).select_from(Subscription).where(Subscription.being_live())) or 0
    return live, max(settings.brake_min, int(settings.brake_share * live))


def _keep(run: Run, token: str, due: int) -> None:
    statement = update(JobRun).where(JobRun.id == run.report.run_id).values(confirm=token, due=due)
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
