"""Databases full of customers: built once for each shape, then copied for every measurement."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text

from flask_subscription_ops.models import Base, Deployment
from tests.hosts import NOON
from tests.plans.population import add_audit, add_effects, add_subscriptions, analyze
from tests.servers import database, postgresql_server

from . import cron_script


@dataclass(frozen=True)
class Shape:
    """How many customers, how many in a thousand have an ended trial, whether reminders are due, effects of each."""

    size: int
    ended: int = 0
    reminded: bool = False
    effects: int = 1  # of each customer, done long ago
    entries: int = 1  # in the audit, of each customer
    with_cron_script: bool = False

    @property
    def due(self) -> int:
        return self.size * self.ended // 1000


@dataclass
class Databases:
    """Every shape that was asked for, until the end."""

    folder: Path
    stack: ExitStack
    _templates: dict[tuple[str, Shape], str] = field(default_factory=dict)

    def fresh(self, kind: str, shape: Shape) -> Callable[[], AbstractContextManager[str]]:
        """Return what gives the URL of a new copy each time."""
        template = self._template(kind, shape)
        return lambda: _copy(kind, template)

    def _template(self, kind: str, shape: Shape) -> str:
        if (kind, shape) not in self._templates:
            folder = self.folder / f"{kind}-{len(self._templates)}"
            folder.mkdir()
            url = self.stack.enter_context(database(kind, folder))
            _fill(url, shape)
            self._templates[kind, shape] = url
        return self._templates[kind, shape]


def _fill(url: str, shape: Shape) -> None:
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(Deployment.__table__.insert().values(id=1, name="bench", epoch=1, adopted_at=NOON))
        add_subscriptions(connection, shape.size, NOON, ended=shape.ended, reminded=shape.reminded)
        add_audit(connection, shape.entries * shape.size, NOON)
        add_effects(connection, shape.effects * shape.size, NOON, waiting=False)
        if shape.with_cron_script:
            cron_script.create(connection, shape.size)
        analyze(connection)
    _settle(engine)
    engine.dispose()


def _settle(engine: Any) -> None:
    """Leave nothing to the first measurement that belongs to the filling."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


@contextmanager
def _copy(kind: str, template: str) -> Iterator[str]:
    if kind == "sqlite":
        source = Path(make_url(template).database or "")
        copy = source.with_name("copy.db")
        shutil.copy(source, copy)
        yield f"sqlite:///{copy}"
        copy.unlink()
        return
    name = f"{make_url(template).database}_copy"
    _on_server(f"CREATE DATABASE {name} TEMPLATE {make_url(template).database}")
    url = make_url(template).set(database=name).render_as_string(hide_password=False)
    _warm(url)
    try:
        yield url
    finally:
        _on_server(f"DROP DATABASE {name} WITH (FORCE)")


def _warm(url: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for table in Base.metadata.tables:
            connection.execute(text(f"SELECT count({table}.*) FROM {table}"))
        connection.execute(text("CHECKPOINT"))
    engine.dispose()


def _on_server(statement: str) -> None:
    engine = create_engine(postgresql_server(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
