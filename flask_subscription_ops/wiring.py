"""Where the package meets the app: its database, its tables, and rows that the host adds by itself."""

from __future__ import annotations

import sys
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, has_app_context
from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Mapper

from .actions import move_in
from .database.dialects import engine_problems
from .domain.clock import system_clock
from .domain.contacts import zone_of
from .errors import ConfigurationError
from .models import Base, Subscription
from .models.base import mirror, name_everything, names_taken
from .models.schema import place_in_schema
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


def database_problems(app: Flask, db: SQLAlchemy, settings: Settings) -> list[str]:
    """Name what keeps our tables and sessions from working in the app's database."""
    bind_key = settings.bind_key
    if problems := _bind_problems(app, bind_key):
        return problems
    taken = names_taken(db.metadatas[bind_key]) if bind_key in db.metadatas else []
    return [
        *engine_problems(engine_of(app, db, bind_key), settings.mail_connections),
        *(f"the app has a table {name} of its own, which is the name of one of ours: rename it" for name in taken),
    ]


def _bind_problems(app: Flask, bind_key: str | None) -> list[str]:
    used = Base.metadata.info.get("bind_key", bind_key)
    if used != bind_key:
        return [f"SUBS_BIND_KEY {bind_key!r} differs from {used!r} of another app in this process: use one"]
    binds = app.config.get("SQLALCHEMY_BINDS") or {}
    if bind_key is not None and bind_key not in binds:
        return [
            f"SUBS_BIND_KEY {bind_key!r} is not in SQLALCHEMY_BINDS, which has {', '.join(map(str, binds)) or 'none'}"
        ]
    return []


def place_tables(app: Flask, db: SQLAlchemy, bind_key: str | None) -> None:
    """Put the twins of our tables beside the host's, in the schema that theirs are in."""
    Base.metadata.info["bind_key"] = bind_key
    if bind_key not in db.metadatas:
        db.metadatas[bind_key] = type(db.metadata)(info={"bind_key": bind_key})
    metadata = db.metadatas[bind_key]
    mirror(metadata)
    if metadata.schema is not None:
        place_in_schema(engine_of(app, db, bind_key), metadata.schema)
    if "alembic" in sys.modules:  # as wherever a migration is written; it is not loaded for our sake
        name_everything(metadata)
        import_module(f"{__package__}.migrating")


def engine_of(app: Flask, db: SQLAlchemy, bind_key: str | None) -> Engine:
    """Return the engine that holds our tables."""
    if has_app_context() and current_app._get_current_object() is app:  # type: ignore[attr-defined]  # a LocalProxy
        return db.engines[bind_key]
    with app.app_context():
        return db.engines[bind_key]


def _clock() -> datetime:
    """Return the current app's instant in the zone of its settings, and the machine's where no app is current."""
    if not has_app_context() or RUNTIME not in current_app.extensions:
        return system_clock()
    runtime: Runtime = current_app.extensions[RUNTIME]
    return runtime.clock().astimezone(zone_of(runtime.settings.timezone))


Subscription.clock = staticmethod(_clock)


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
