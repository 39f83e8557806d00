"""Where the package meets the app: its database, its tables, and rows that the host adds by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, has_app_context
from sqlalchemy import Connection, Engine, QueuePool, event
from sqlalchemy.orm import Mapper

from .actions import move_in
from .errors import ConfigurationError
from .models import Base, Subscription, mirror
from .runtime import RUNTIME, Runtime
from .settings import Settings

if TYPE_CHECKING:
    from flask_sqlalchemy import SQLAlchemy


def of_this_app(name: str) -> Any:
    """Return what the extension keeps with the current app."""
    found = current_app.extensions.get(name)
    if found is None:
        raise ConfigurationError(["SubscriptionOps is not initialised on this app: call subs.init_app(app)"])
    return found


def find_db(app: Flask, db: SQLAlchemy | None) -> tuple[SQLAlchemy | None, list[str]]:
    """Return the app's database, and what is wrong with it."""
    registered = app.extensions.get("sqlalchemy")
    if registered is None:
        return None, ["no database is initialised on this app: call db.init_app(app) before subs.init_app(app)"]
    if db is not None and db is not registered:
        return None, ["the db given is not the one initialised on this app: leave it out, or call db.init_app(app)"]
    return registered, []


def bind_problems(app: Flask, bind_key: str | None) -> list[str]:
    """Name what is wrong with the bind that holds our tables."""
    used = Base.metadata.info.get("bind_key", bind_key)
    if used != bind_key:
        return [f"SUBS_BIND_KEY {bind_key!r} differs from {used!r} of another app in this process: use one"]
    binds = app.config.get("SQLALCHEMY_BINDS") or {}
    if bind_key is not None and bind_key not in binds:
        return [
            f"SUBS_BIND_KEY {bind_key!r} is not in SQLALCHEMY_BINDS, which has {', '.join(map(str, binds)) or 'none'}"
        ]
    return []


def pool_problems(app: Flask, db: SQLAlchemy | None, settings: Settings) -> list[str]:
    """Say whether the pool gives fewer connections than SUBS_MAIL_CONNECTIONS, each of which holds one."""
    pool = db and engine_of(app, db, settings.bind_key).pool
    if not isinstance(pool, QueuePool) or pool._max_overflow == -1:  # no limit
        return []
    most = pool.size() + pool._max_overflow
    if settings.mail_connections <= most:
        return []
    return [
        f"SUBS_MAIL_CONNECTIONS {settings.mail_connections} is more than the {most} connections of the database's"
        " pool: lower it, or raise pool_size in SQLALCHEMY_ENGINE_OPTIONS"
    ]


def place_tables(db: SQLAlchemy, bind_key: str | None) -> None:
    """Put the twins of our tables beside the host's."""
    Base.metadata.info["bind_key"] = bind_key
    if bind_key not in db.metadatas:
        db.metadatas[bind_key] = type(db.metadata)(info={"bind_key": bind_key})
    mirror(db.metadatas[bind_key])


def engine_of(app: Flask, db: SQLAlchemy, bind_key: str | None) -> Engine:
    """Return the engine that holds our tables."""
    if has_app_context() and current_app._get_current_object() is app:  # type: ignore[attr-defined]  # a LocalProxy
        return db.engines[bind_key]
    with app.app_context():
        return db.engines[bind_key]


@event.listens_for(Subscription, "before_insert")
def _complete(mapper: Mapper[Subscription], connection: Connection, subscription: Subscription) -> None:
    if subscription.audit_hash is None:  # no action added it: it moves in
        if has_app_context() and RUNTIME in current_app.extensions:
            runtime: Runtime = current_app.extensions[RUNTIME]
            move_in.complete(runtime.settings, subscription, runtime.clock())
        subscription.audit_hash = move_in.arrival(subscription)["hash"]


@event.listens_for(Subscription, "after_insert")
def _audit_arrival(mapper: Mapper[Subscription], connection: Connection, subscription: Subscription) -> None:
    move_in.audit_arrival(connection, subscription)
