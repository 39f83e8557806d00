"""Runtime: what one app works with. Made once by the extension and handed to whoever works."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from .database.sessions import Database
from .domain.clock import Clock, system_clock
from .domain.contacts import Contact
from .errors import ConfigurationError
from .hooks import Hooks, fetch_contacts
from .settings import Settings
from .workspaces.base import Provisioner
from .workspaces.registry import open_provisioner

if TYPE_CHECKING:
    from flask import Flask

    from .mail.base import Transport
    from .mail.letters.render import Renderer

RUNTIME = "subscription_ops.runtime"  # the key under which an app keeps its runtime


class Runtime:
    """Settings, hooks, clock, database and adapters of one app."""

    def __init__(
        self,
        app: Flask,
        settings: Settings,
        hooks: Hooks,
        *,
        engine: Callable[[], Engine],
        session: Callable[[], Session],
    ) -> None:
        self.app, self.settings, self.hooks = app, settings, hooks
        self.session = session  # the host's own, which services for views join
        self.clock: Clock = system_clock
        database = Database(engine, settings.database_timeout)
        self.database, self.require_database = database, database.require
        self.require_other_reason = database.require_other_reason
        self.reading, self.writing = database.reading, database.writing
        self.in_transaction, self.autocommitting = database.in_transaction, database.autocommitting

    @property
    def engine(self) -> Engine:
        """The engine that holds our tables."""
        return self.database.engine

    @cached_property
    def transport(self) -> Transport:
        """The mail transport, opened when it is first used."""
        from .mail.registry import open_transport

        return open_transport(self.app, self.settings)

    def require_mail(self) -> None:
        """Raise ConfigurationError where no email could leave; nothing is loaded or reached for the answer."""
        from .mail.requirements import missing, missing_sender

        is_open = "transport" in self.__dict__
        problems = [*(missing_sender if is_open else missing)(self.app, self.settings), *self.hooks.missing("contacts")]
        if problems:
            raise ConfigurationError(problems)

    @contextmanager
    def using_transport(self, transport: Transport) -> Iterator[None]:
        """Send through another transport than the configured one, within this context alone."""
        opened = self.__dict__.get("transport")
        self.transport = transport
        try:
            yield
        finally:
            del self.transport  # the next one to ask opens it
            if opened is not None:
                self.transport = opened

    @cached_property
    def renderer(self) -> Renderer:
        """What turns an effect into an email, loaded when it is first used."""
        from .mail.letters.render import Renderer

        return Renderer(self.app, self.settings)

    @cached_property
    def provisioner(self) -> Provisioner:
        """What stops and starts workspaces."""
        return open_provisioner(self.settings, self.hooks.require)

    @property
    def has_workspaces(self) -> bool:
        """Whether there is anything to stop: a host without the hook has no workspaces."""
        return self.settings.workspaces != "hooks" or self.hooks.stop_workspaces

    def contacts(self, account_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Ask the host, outside any transaction of ours."""
        return fetch_contacts(self.app, self.hooks, account_ids, self.settings.hook_timeout)
