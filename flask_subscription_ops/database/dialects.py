"""What differs between the kinds of database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, Pool, QueuePool, SingletonThreadPool, StaticPool, literal_column, select
from sqlalchemy.orm import Session

from ..models.types import Instant

SUPPORTED = ("sqlite", "postgresql", "mysql", "mariadb")
AUTOCOMMIT = "AUTOCOMMIT"

DATABASE_NOW = {
    "postgresql": "clock_timestamp()",
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "mysql": "utc_timestamp(6)",
    "mariadb": "utc_timestamp(6)",
}


def database_now(session: Session) -> datetime:
    """Return the instant that the database's own clock shows."""
    clock = DATABASE_NOW[session.get_bind().dialect.name]
    return session.execute(select(literal_column(clock, Instant()))).scalar_one()


def isolation(engine: Engine) -> str | None:
    """Return the isolation level of our own transactions, whatever the host's is; None where there is but one.

    Rows are locked before they are changed, so nothing stricter is needed; what is stricter makes workers that run
    side by side fail on each other.
    """
    return None if engine.dialect.name == "sqlite" else "READ COMMITTED"


def commits_by_itself(engine: Engine) -> bool:
    """Tell whether the host's engine is set to commit every statement at once."""
    by_option = engine.get_execution_options().get("isolation_level")
    at_connect = getattr(engine.dialect, "_on_connect_isolation_level", None)  # of create_engine(isolation_level=...)
    return AUTOCOMMIT in (by_option, at_connect)


def connections_at_once(pool: Pool) -> int | None:
    """Return how many connections a pool gives at the same time; None where it sets no limit."""
    if isinstance(pool, (StaticPool, SingletonThreadPool)):
        return 1
    if not isinstance(pool, QueuePool) or pool._max_overflow < 0:
        return None
    return pool.size() + pool._max_overflow
