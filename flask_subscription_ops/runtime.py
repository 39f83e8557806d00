"""Runtime: what one app works with. Made once by the extension and handed to whoever works."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from .domain.clock import Clock, system_clock
from .domain.contacts import Contact
from .errors import DatabaseUnreachable
from .hooks import Hooks, fetch_contacts
from .models.locking import SQLITE_BUSY_MS, take_write_lock
from .settings import Settings
from .workspaces.base import Provisioner
from .workspaces.registry import open_provisioner

if TYPE_CHECKING:
    from flask import Flask

    from .mail.base import Transport
    from .mail.letters.render import Renderer

Result = TypeVar("Result")

RUNTIME = "subscription_ops.runtime"  # the key under which an app keeps its runtime

CONTENTION_TRIES = 8
CONTENTION_CODES = {"40001", "40P01", "55P03", 1205, 1213, 1020}  # PostgreSQL's states, MariaDB's error numbers


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
        self._engine = engine

    @property
    def engine(self) -> Engine:
        """The engine that holds our tables."""
        return self._engine()

    @cached_property
    def transport(self) -> Transport:
        """The mail transport, opened when it is first used."""
        from .mail.registry import open_transport

        return open_transport(self.app, self.settings)

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

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A short session of our own for reading; what it loaded stays usable afterwards."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction of our own, committed at the end; on SQLite it holds the write lock from its start."""
        with Session(self._write_engine, expire_on_commit=False, autoflush=False) as session, session.begin():
            _patient(session.connection())
            take_write_lock(session)
            yield session

    @contextmanager
    def rehearsing(self) -> Iterator[Session]:
        """Like `writing`, but rolled back at the end: what it did is seen and not kept."""
        with Session(self._write_engine, expire_on_commit=False, autoflush=False) as session:
            _patient(session.connection())
            take_write_lock(session)
            yield session
            session.rollback()

    def in_transaction(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` in a transaction of our own, again from its start when another worker was in the way."""
        for _ in range(CONTENTION_TRIES - 1):
            try:
                with self.writing() as session:
                    return work(session)
            except DBAPIError as error:
                if not is_contention(error):
                    raise
        with self.writing() as session:
            return work(session)

    @contextmanager
    def autocommitting(self) -> Iterator[Connection]:
        """A connection whose every statement is committed in its own single round trip."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            _patient(connection)
            yield connection

    def require_database(self) -> None:
        """Raise DatabaseUnreachable where the database does not answer."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except DBAPIError as error:
            raise unreachable(self.engine, error) from error

    @property
    def _write_engine(self) -> Engine:
        if self.engine.dialect.name in ("mysql", "mariadb"):
            # The default there, repeatable read, locks the gaps between rows and makes parallel workers collide.
            return self.engine.execution_options(isolation_level="READ COMMITTED")
        return self.engine


def _patient(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        cursor = connection.connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {SQLITE_BUSY_MS}")
        cursor.close()


def is_contention(error: DBAPIError) -> bool:
    """Tell whether the statement failed only because another worker was there at the same time."""
    if isinstance(error, IntegrityError):
        return "lane_in_flight" in str(error.orig)
    names = [getattr(error.orig, name, None) for name in ("sqlstate", "pgcode")]  # psycopg 3, psycopg 2
    codes = {*names, *getattr(error.orig, "args", ())[:1]}
    return bool(codes & CONTENTION_CODES) or "database is locked" in str(error.orig)


def is_unusable(error: DBAPIError) -> bool:
    """Tell whether the database as a whole is at fault, and not the values that it was given."""
    return not isinstance(error, (IntegrityError, DataError))


def unreachable(engine: Engine, error: DBAPIError) -> DatabaseUnreachable:
    """Describe a database that does not answer, without its password."""
    reason = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
    return DatabaseUnreachable(
        f"the database {engine.url.render_as_string(hide_password=True)} cannot be used: {reason};"
        " start it or correct SQLALCHEMY_DATABASE_URI, then run the command again"
    )
