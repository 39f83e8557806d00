"""What stops a run: a database of another deployment, or a change larger than usual."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from ..errors import Stopped
from ..models import Deployment, JobRun, Subscription
from ..models.deployment import DEPLOYMENT_ID, require_own, stored_deployment
from ..runtime import Runtime
from .run import Run
from .walk import Due

CONFIRM_WITHIN = timedelta(days=1)
CONFIRMATION = "[0-9a-f]{8}"  # how a token looks


def require_deployment(run: Run, stored: str | None) -> None:
    """Stop a run against another deployment's database; the first run of all stores the configured name.

    A dry run goes on, and says that a real one would be stopped.
    """
    settings = run.runtime.settings
    if stored is None and not run.report.dry_run:
        stored = _store(run.runtime, settings.deployment)
    try:
        require_own(stored, settings)
    except Stopped as stopped:
        if not run.report.dry_run:
            raise
        run.report.would_stop = str(stopped)


def _store(runtime: Runtime, name: str) -> str:
    """Store the name; return the one that stands there now, as another first run may have been quicker."""
    row = {"id": DEPLOYMENT_ID, "name": name, "epoch": 1, "adopted_at": runtime.clock()}
    table: Any = Deployment.__table__
    try:
        runtime.in_transaction(lambda session: session.execute(insert(table).values(**row)))
    except IntegrityError:
        with runtime.reading() as session:
            stored = stored_deployment(session)
        if stored is None:  # refused for another reason
            raise
        return stored.name
    return name


def brake(run: Run, would_change: Due[Any], doing: str) -> bool:
    """Stop a run that would change more subscriptions than usual, unless its count was confirmed before.

    Tells whether there is any that it would change.

    A token works once, within a day, and only while no more than one brake's worth has been added since.
    A dry run goes on, and says that a real one would be stopped.
    """
    always_allowed = run.runtime.settings.brake_min
    first = _count_first(run, would_change, always_allowed + 1)
    if first <= always_allowed:  # nothing else is counted, whatever the number of customers
        return first > 0
    due, live = _count(run, would_change.when, Subscription.being_live())
    allowed = allowance(run, live)
    if due <= allowed:
        return True
    reason = (
        f"it would {doing} {due} of {live} live subscriptions, more than {allowed} (SUBS_BRAKE_MIN, SUBS_BRAKE_SHARE)"
    )
    if run.report.dry_run:
        run.report.would_stop = run.report.would_stop or reason
    elif not (run.confirm and use_token(run, due - allowed)):
        raise Stopped(f"{reason}: nothing was done{why_not_confirmed(run)}", new_token(run, due))
    return True


def allowance(run: Run, live: int) -> int:
    """Return how many of so many live subscriptions a run may change without being asked."""
    settings = run.runtime.settings
    return max(settings.brake_min, int(settings.brake_share * live))


def count_live(run: Run) -> int:
    """Return how many subscriptions are live."""
    return _count(run, Subscription.being_live())[0]


def _count_first(run: Run, due: Due[Any], enough: int) -> int:
    """Count what is due, but no more than `enough`."""
    # In the order of its index, or a planner that expects many makes ready to read all of them.
    first = due.rows().limit(enough).subquery()
    with run.runtime.reading() as session:
        return session.execute(select(func.count()).select_from(first)).scalar_one()


def _count(run: Run, *conditions: ColumnElement[bool]) -> Sequence[int]:
    """Count the subscriptions under each condition, all at the same moment."""
    counts = [select(func.count(Subscription.id)).where(each).scalar_subquery() for each in conditions]
    with run.runtime.reading() as session:
        return session.execute(select(*counts)).one()


def why_not_confirmed(run: Run) -> str:
    """Say what may be wrong with a token that did not let the run go on; nothing where none was given."""
    return "; the token given is unknown, used, a day old, or was for fewer changes" if run.confirm else ""


def new_token(run: Run, due: int) -> str:
    """Return a token that lets a run go on with about so many changes."""
    token = secrets.token_hex(4)
    statement = update(JobRun).where(JobRun.id == run.report.run_id).values(confirm=token, due=due)
    run.runtime.in_transaction(lambda session: session.execute(statement))
    return token


def use_token(run: Run, at_least: int) -> bool:
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
