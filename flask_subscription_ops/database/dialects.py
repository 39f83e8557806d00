"""What differs between the kinds of database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Engine, Pool, QueuePool, SingletonThreadPool, StaticPool, literal_column, select
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.orm import Session

from ..models.types import Instant

SUPPORTED = ("sqlite", "postgresql", "mysql", "mariadb")
AUTOCOMMIT: IsolationLevel = "AUTOCOMMIT"

DATABASE_NOW = {
    "postgresql": "clock_timestamp()",
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "mysql": "utc_timestamp(6)",
    "mariadb": "utc_timestamp(6)",
}


def database_clock(session: Session) -> ColumnElement[datetime]:
    """Return the instant that the database's own clock shows, to be selected with other things."""
    return literal_column(DATABASE_NOW[session.get_bind().dialect.name], Instant())


def database_now(session: Session) -> datetime:
    """Return the instant that the database's own clock shows."""
    return session.execute(select(database_clock(session))).scalar_one()


def isolation(dialect: str) -> IsolationLevel | None:
    """Return the isolation level of our own transactions, whatever the host's is; None where there is but one.

    Rows are locked before they are changed, so nothing stricter is needed; what is stricter makes workers that run
    side by side fail on each other.
    """
    return None if dialect == "sqlite" else "READ COMMITTED"


def engine_problems(engine: Engine, mail_connections: int) -> list[str]:
    """Name what is wrong with the host's engine, each with its remedy."""
    problems = []
    if engine.dialect.name not in SUPPORTED:
        problems.append(f"the database is {engine.dialect.name}: use one of {', '.join(SUPPORTED)}")
    if _commits_by_itself(engine):
        problems.append(
            "the engine's isolation_level is AUTOCOMMIT: a view's own change and the subscription's could not stand or"
            " fall together; remove it from SQLALCHEMY_ENGINE_OPTIONS and set it where a statement needs it"
        )
    free = _connections_beside_the_first(engine.pool)
    if free is not None and mail_connections > max(1, free):
        problems.append(
            f"SUBS_MAIL_CONNECTIONS {mail_connections} is more than the {max(1, free)} that the engine's pool can give"
            " beside the run's own: lower it, or raise pool_size or max_overflow in SQLALCHEMY_ENGINE_OPTIONS"
        )
    return problems


def _commits_by_itself(engine: Engine) -> bool:
    by_option = engine.get_execution_options().get("isolation_level")
    at_connect = getattr(engine.dialect, "_on_connect_isolation_level", None)  # of create_engine(isolation_level=...)
    return AUTOCOMMIT in (by_option, at_connect)


def _connections_beside_the_first(pool: Pool) -> int | None:
    if isinstance(pool, (StaticPool, SingletonThreadPool)):
        return 0
    if not isinstance(pool, QueuePool) or pool._max_overflow < 0:
        return None
    return pool.size() + pool._max_overflow - 1
