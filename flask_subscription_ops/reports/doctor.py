"""What is wrong, or about to go wrong, with an app's set-up: one finding a line, each with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from ..domain.emails import EMAILS
from ..errors import ConfigurationError, NotReady, SubscriptionOpsError
from ..outside.text import redacted
from ..runs.engine import translating_database_errors
from ..runtime import Runtime
from . import stored

TEXT_LIMIT = 1000


@dataclass(frozen=True)
class Finding:
    """One thing that a human should mend; `area` is where it lies."""

    area: str
    text: str


def examine(runtime: Runtime) -> list[Finding]:
    """Look at everything that can be looked at without sending anything; a database that is away is one finding."""
    checks: dict[str, Callable[[Runtime], Iterator[str]]] = {
        "configuration": _configuration,
        "hooks": _hooks,
        "mail": _mail,
        "templates": _templates,
        "database": stored.usable,
        "schema": stored.schema,
        "indexes": stored.indexes,
        "deployment": stored.deployment,
        "effects": stored.effects,
    }
    found: list[Finding] = []
    try:
        with translating_database_errors(runtime):
            for area, check in checks.items():
                found += [Finding(area, redacted(text, TEXT_LIMIT)) for text in check(runtime)]
    except NotReady as error:
        found.append(Finding("database", redacted(error, TEXT_LIMIT)))
    return found


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
    except ConfigurationError as error:
        yield from error.problems
    except SubscriptionOpsError as error:
        yield f"the mail transport cannot be used: {error}"


def _templates(runtime: Runtime) -> Iterator[str]:
    renderer, settings = runtime.renderer, runtime.settings
    kinds = renderer.kinds()
    yield from (f"there is no template for {kind}" for kind in sorted(set(EMAILS) - set(kinds)))
    for name in ("emails_off", "emails_at_most_once"):
        for kind in (kind for kind in getattr(settings, name) if kind not in kinds):
            yield f"SUBS_{name.upper()} names {kind!r}, which is no kind of email; there are {', '.join(kinds)}"
    with suppress(ConfigurationError):  # its sender is at fault, which the look at mail has said
        yield from renderer.problems()
