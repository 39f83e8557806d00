"""What is wrong, or about to go wrong, with an app's set-up: one finding a line, each with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import func, select

from ..domain.emails import EMAILS
from ..domain.retry import EffectState
from ..errors import ConfigurationError, SubscriptionOpsError
from ..models import OutboxMessage
from ..models.deployment import stored_deployment
from ..models.schema import missing_from_schema, missing_indexes
from ..outside.text import redacted
from ..runtime import Runtime

TEXT_LIMIT = 1000


@dataclass(frozen=True)
class Finding:
    """One thing that a human should mend; `area` is where it lies."""

    area: str
    text: str


def examine(runtime: Runtime) -> list[Finding]:
    """Look at everything that can be looked at without sending anything."""
    runtime.require_database()
    checks: dict[str, Callable[[Runtime], Iterator[str]]] = {
        "configuration": _configuration,
        "schema": _schema,
        "indexes": _indexes,
        "deployment": _deployment,
        "hooks": _hooks,
        "mail": _mail,
        "effects": _effects,
    }
    return [Finding(area, redacted(text, TEXT_LIMIT)) for area, check in checks.items() for text in check(runtime)]


def _configuration(runtime: Runtime) -> Iterator[str]:
    settings = runtime.settings
    if not settings.plans:
        yield "SUBS_PLANS is empty: no trial can be started; declare at least one plan"
    if settings.deployment == "default":
        yield "SUBS_DEPLOYMENT is not set: a copy of this database could not be told from the original; name it"
    if settings.allow_time_travel:
        yield "SUBS_ALLOW_TIME_TRAVEL is on: runs dated elsewhere may write; turn it off outside tests and demos"
    for key, plan in settings.plans.items():
        shortest = min(plan.policy.trial_reminder_days, default=0)
        if shortest >= plan.policy.trial_days:
            yield f"plan {key}: a trial of {plan.policy.trial_days} days is never reminded; add a shorter reminder"
    denied = settings.access_denied
    if denied is not None and "/" not in denied and denied not in runtime.app.view_functions:
        yield f"SUBS_ACCESS_DENIED names {denied!r}, which is no endpoint of this app: name one, or a path with a /"
    if runtime.engine.dialect.name == "sqlite" and runtime.engine.url.database in (None, "", ":memory:"):
        yield "the database is in memory: everything is forgotten when the process ends"


def _schema(runtime: Runtime) -> Iterator[str]:
    for name in _missing(runtime):
        yield f"{name} is missing: run `flask db migrate` and `flask db upgrade`"


def _missing(runtime: Runtime) -> list[str]:
    with runtime.reading() as session:
        return missing_from_schema(session)


def _indexes(runtime: Runtime) -> Iterator[str]:
    with runtime.reading() as session:
        missing = missing_indexes(session)
    for name in missing:
        yield f"{name} is missing: due rows are found by scanning; run `flask db migrate` and `upgrade`"


def _deployment(runtime: Runtime) -> Iterator[str]:
    if _missing(runtime):
        return
    with runtime.reading() as session:
        stored = stored_deployment(session)
    if stored is not None and stored.name != runtime.settings.deployment:
        yield (
            f"the database belongs to {stored.name!r}, and SUBS_DEPLOYMENT is {runtime.settings.deployment!r}:"
            " nothing is sent until `flask subs deployment adopt`, on a copy with --drop-effects"
        )


def _hooks(runtime: Runtime) -> Iterator[str]:
    hooks = runtime.hooks
    if hooks.get("contacts") is None:
        yield "no contacts hook: no email can be sent; register one with @subs.contacts"
    stops, starts = hooks.get("suspend_workspaces"), hooks.get("resume_workspaces")
    if runtime.settings.workspaces == "hooks":
        if stops is None:
            yield "no suspend_workspaces hook: ended trials keep their workspaces; register @subs.suspend_workspaces"
        elif starts is None:
            yield "no resume_workspaces hook: stopped workspaces never start again; register @subs.resume_workspaces"


def _mail(runtime: Runtime) -> Iterator[str]:
    try:
        _ = runtime.renderer.sender
        runtime.transport.check()
        without = set(EMAILS) - set(runtime.renderer.kinds())
    except ConfigurationError as error:
        yield from error.problems
    except SubscriptionOpsError as error:
        yield f"the mail transport cannot be used: {error}"
    else:
        yield from (f"there is no template for {kind}" for kind in sorted(without))
    for kind in (*runtime.settings.emails_off, *runtime.settings.emails_at_most_once):
        if kind not in runtime.renderer.kinds():
            yield f"SUBS_EMAILS_OFF or SUBS_EMAILS_AT_MOST_ONCE names {kind!r}, which is no kind of email"


def _effects(runtime: Runtime) -> Iterator[str]:
    if _missing(runtime):
        return
    wait_for_a_human = (EffectState.DEAD.value, EffectState.HELD.value)
    counted = select(OutboxMessage.state, func.count()).where(OutboxMessage.state.in_(wait_for_a_human))
    with runtime.reading() as session:
        for state, count in session.execute(counted.group_by(OutboxMessage.state)):
            yield f"{count} effects are {state}: look at `flask subs outbox list`, then retry or drop them"
