"""SubscriptionOps: wired to an app here, and called from the host's views."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask import Flask, current_app
from werkzeug.local import LocalProxy

from .actions import begin, cancel, extend_trial, pause
from .actions.arguments import actor_name
from .actions.context import Context, acting, context_of
from .actions.lookup import latest
from .cli import name_problems, register_commands
from .errors import ConfigurationError, InvalidInput
from .hooks import Function, Hooks
from .mail.registry import ADAPTERS as TRANSPORTS
from .models import Subscription
from .runtime import RUNTIME, Runtime
from .settings import Settings, read_settings
from .web.access import access_required
from .web.current import add_template_global
from .wiring import database_problems, engine_of, find_db, of_this_app, place_tables
from .workspaces.registry import ADAPTERS as PROVISIONERS

if TYPE_CHECKING:
    from flask_sqlalchemy import SQLAlchemy

    from .mail.base import Email
    from .runs.report import JobReport

EXTENSION = "subscription_ops"
ROOMS = {"mail": TRANSPORTS, "workspaces": PROVISIONERS}
View = TypeVar("View", bound=Callable[..., Any])


class SubscriptionOps:
    """The extension: `SubscriptionOps(app, db)`, or `SubscriptionOps()` and later `init_app(app)`.

    Its services join `db.session` and never commit: a view's own changes and the subscription's stand or fall
    together, and emails and workspace operations go out after the commit, never before.
    """

    def __init__(self, app: Flask | None = None, db: SQLAlchemy | None = None) -> None:
        self._hooks = Hooks()
        self._db = db
        self._in_use = False
        if app is not None:
            self.init_app(app, db)

    def init_app(self, app: Flask, db: SQLAlchemy | None = None) -> None:
        """Wire the extension to an app whose database extension is initialised.

        Raises ConfigurationError with every problem of settings, hooks and order, each with its remedy.
        """
        found, problems = find_db(app, db or self._db)
        if EXTENSION in app.extensions:
            problems.append("SubscriptionOps is initialised on this app already: call init_app once")
        try:
            settings = read_settings(app.config, ROOMS)
            problems += name_problems(app, settings.cli_group)
            problems += database_problems(app, found, settings) if found else []
        except ConfigurationError as error:
            problems += error.problems
        problems += self._hooks.problems.values()
        if problems or found is None:
            raise ConfigurationError(problems)
        self._wire(app, found, settings)

    def _wire(self, app: Flask, db: SQLAlchemy, settings: Settings) -> None:
        place_tables(app, db, settings.bind_key)
        app.extensions[EXTENSION] = self
        app.extensions[RUNTIME] = Runtime(
            app,
            settings,
            self._hooks,
            engine=lambda: engine_of(app, db, settings.bind_key),
            session=db.session,
        )
        add_template_global(app, self)
        register_commands(app, settings.cli_group)
        self._in_use = True

    def contacts(self, function: Function) -> Function:
        """Register `(account_ids: Sequence[str]) -> Mapping[str, Contact]`; a key left out: the account is gone."""
        return self._register("contacts", function)

    def suspend_workspaces(self, function: Function) -> Function:
        """Register `(account_id: str, operation: Operation) -> None`, which stops the account's workspaces."""
        return self._register("suspend_workspaces", function)

    def resume_workspaces(self, function: Function) -> Function:
        """Register `(account_id: str, operation: Operation) -> None`, which starts the account's workspaces."""
        return self._register("resume_workspaces", function)

    def workspaces(self, function: Function) -> Function:
        """Register `(account_ids: Sequence[str] | None) -> Mapping[str, Sequence[Workspace]]`; None means all."""
        return self._register("workspaces", function)

    def usage(self, function: Function) -> Function:
        """Register `(account_ids: Sequence[str]) -> Mapping[str, int]`, the real count of seats or devices."""
        return self._register("usage", function)

    def current_account(self, function: Function) -> Function:
        """Register `() -> str | None`, the account of the request being answered."""
        return self._register("current_account", function)

    def _register(self, name: str, function: Function) -> Function:
        registered = self._hooks.register(name, function)
        if self._in_use and name in self._hooks.problems:
            raise ConfigurationError([self._hooks.problems[name]])
        return registered

    @property
    def runtime(self) -> Runtime:
        """What the current app works with."""
        return cast(Runtime, of_this_app(RUNTIME))

    @property
    def settings(self) -> Settings:
        """The current app's settings."""
        return self.runtime.settings

    @property
    def mailbox(self) -> list[Email]:
        """The emails that the memory transport accepted, for tests."""
        from .mail.memory import EXTENSION_KEY

        return cast("list[Email]", current_app.extensions.setdefault(EXTENSION_KEY, []))

    def _context(self) -> Context:
        return context_of(self.runtime, self.runtime.session())

    @contextmanager
    def acting_as(self, name: str) -> Iterator[None]:
        """Let the audit name who acts, within this context; elsewhere it says "app"."""
        token = acting.set(actor_name(name))
        try:
            yield
        finally:
            acting.reset(token)

    def start_trial(
        self,
        account_id: str,
        plan: str,
        *,
        days: int | None = None,
        product: str = "default",
        payment_method: str | None = None,
        once: bool = False,
    ) -> Subscription:
        """Begin a trial of the plan's length, or of `days` days; with `once`, only an account's first of the product.

        Raises UnknownPlan, LiveSubscriptionExists, TrialUsed or InvalidInput, before anything is written.
        """
        return begin.start_trial(
            self._context(),
            account_id,
            plan,
            days=days,
            product=product,
            payment_method=payment_method,
            once=once,
        )

    def subscribe(
        self, account_id: str, plan: str, *, product: str = "default", payment_method: str | None = None
    ) -> Subscription:
        """Begin a paid term now; a live trial of the product becomes that term.

        Raises UnknownPlan, LiveSubscriptionExists or InvalidInput, before anything is written.
        """
        return begin.subscribe(self._context(), account_id, plan, product=product, payment_method=payment_method)

    def get(self, account_id: str, product: str = "default") -> Subscription | None:
        """Return the account's live subscription to the product, else its latest one, else None."""
        return latest(self.runtime.session(), account_id, product)

    def has_access(self, account_id: str, product: str = "default") -> bool:
        """Tell whether the account may use the product now."""
        subscription = self.get(account_id, product)
        return subscription is not None and subscription.has_access

    def cancel(self, subscription: Subscription, *, at_period_end: bool = True, reason: str = "") -> None:
        """End the subscription at the end of its trial or term, or with `at_period_end=False` now and for good.

        One that is neither in a trial nor active has no end to wait for: it is ended now, a paused one included.
        Raises IllegalTransition where it is canceled already, or is being changed by someone else.
        """
        cancel.cancel(self._context(), subscription, at_period_end=at_period_end, reason=reason)

    def resume(self, subscription: Subscription) -> None:
        """Take back a cancellation at the period's end."""
        cancel.withdraw_cancellation(self._context(), subscription)

    def pause(self, subscription: Subscription) -> None:
        """Stop access and workspaces of an active subscription by wish."""
        pause.pause(self._context(), subscription)

    def unpause(self, subscription: Subscription) -> None:
        """Give a paused subscription its access and workspaces back."""
        pause.unpause(self._context(), subscription)

    def extend_trial(self, subscription: Subscription, *, days: int) -> None:
        """Give a trial `days` more days; its reminders are due anew."""
        extend_trial.extend_trial(self._context(), subscription, days=days)

    def run_job(
        self,
        name: str,
        *,
        as_of: datetime | None = None,
        dry_run: bool = False,
        deliver: bool = True,
        limit: int | None = None,
        confirm: str | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> JobReport:
        """Run a job with sessions of its own, as `flask subs NAME` does; `progress` is told how much more was done."""
        from .jobs.table import run_job

        return run_job(
            self.runtime,
            name,
            as_of=as_of,
            dry_run=dry_run,
            deliver=deliver,
            limit=limit,
            confirm=confirm,
            progress=progress or (lambda done: None),
        )

    def current_account_id(self) -> str | None:
        """Return the account of the request being answered, as the host's hook tells it."""
        account_id = self._hooks.require("current_account")()
        if account_id is not None and not isinstance(account_id, str):
            given = type(account_id).__name__
            raise InvalidInput(f"the current_account hook must return a string or None, got {given}")
        return account_id

    def access_required(self, product: str = "default") -> Callable[[View], View]:
        """Decorate a view that needs access: 401 without an account, SUBS_ACCESS_DENIED or 402 without access."""
        return access_required(self, product)


current_subs: SubscriptionOps = cast(SubscriptionOps, LocalProxy(lambda: of_this_app(EXTENSION)))
