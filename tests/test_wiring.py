from __future__ import annotations

from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Integer, MetaData, NullPool, SingletonThreadPool, StaticPool
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from flask_subscription_ops.errors import ConfigurationError

from .hosts import NOON, Host, days, make_host, running_host


class Foreign(SQLiteDialect_pysqlite):
    """A kind of database that nobody has tried."""

    name = "foreign"
    supports_statement_cache = True


def problems_of(url: str, **config: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as raised:
        make_host(url, **config)
    return raised.value.problems


def test_a_kind_of_database_that_is_not_supported_is_refused() -> None:
    registry.register("foreign", __name__, "Foreign")

    assert problems_of("foreign://") == ("the database is foreign: use one of sqlite, postgresql, mysql, mariadb",)


@pytest.mark.parametrize(
    "options",
    [{"isolation_level": "AUTOCOMMIT"}, {"execution_options": {"isolation_level": "AUTOCOMMIT"}}],
    ids=["isolation_level", "execution_options"],
)
def test_an_engine_that_commits_by_itself_is_refused(sqlite_url: str, options: dict[str, Any]) -> None:
    (problem,) = problems_of(sqlite_url, SQLALCHEMY_ENGINE_OPTIONS=options)

    assert problem.startswith("the engine's isolation_level is AUTOCOMMIT")
    assert "remove it from SQLALCHEMY_ENGINE_OPTIONS" in problem


POOLS: dict[str, tuple[dict[str, Any], int]] = {
    "the default": ({}, 14),
    "of four": ({"pool_size": 3, "max_overflow": 1}, 3),
    "of one": ({"pool_size": 1, "max_overflow": 0}, 1),
    "shared": ({"poolclass": StaticPool}, 1),
    "one a thread": ({"poolclass": SingletonThreadPool}, 1),
}


@pytest.mark.parametrize(("options", "most"), POOLS.values(), ids=POOLS)
def test_more_mail_connections_than_the_pool_gives_are_refused(
    sqlite_url: str, options: dict[str, Any], most: int
) -> None:
    make_host(sqlite_url, SQLALCHEMY_ENGINE_OPTIONS=options, SUBS_MAIL_CONNECTIONS=most)

    (problem,) = problems_of(sqlite_url, SQLALCHEMY_ENGINE_OPTIONS=options, SUBS_MAIL_CONNECTIONS=most + 1)

    assert problem.startswith(f"SUBS_MAIL_CONNECTIONS {most + 1} is more than the {most} that the engine's pool")
    assert "lower it, or raise pool_size" in problem


@pytest.mark.parametrize("options", [{"poolclass": NullPool}, {"max_overflow": -1}], ids=["no pool", "no limit"])
def test_a_pool_without_a_limit_allows_any_number(sqlite_url: str, options: dict[str, Any]) -> None:
    make_host(sqlite_url, SQLALCHEMY_ENGINE_OPTIONS=options, SUBS_MAIL_CONNECTIONS=64)


@pytest.mark.parametrize("schema", [None, "app"])
def test_a_table_of_the_hosts_own_with_our_name_is_refused(schema: str | None) -> None:
    db = SQLAlchemy(metadata=MetaData(schema=schema))

    class Theirs(db.Model):  # type: ignore[misc, name-defined]
        __tablename__ = "subs_subscriptions"
        id = Column(Integer, primary_key=True)

    assert problems_of("sqlite://", db=db) == (
        "the app has a table subs_subscriptions of its own, which is the name of one of ours: rename it",
    )


def test_a_second_app_may_use_the_same_db(sqlite_url: str) -> None:
    db = SQLAlchemy()
    make_host(sqlite_url, db=db)

    with running_host(sqlite_url, db=db) as second:
        assert second.trial().status == "trialing"


SMALL_POOLS = {
    "no pool": {"poolclass": NullPool},
    "shared": {"poolclass": StaticPool},
    "of one": {"pool_size": 1, "max_overflow": 0, "pool_timeout": 1},
}


@pytest.mark.parametrize("options", SMALL_POOLS.values(), ids=SMALL_POOLS)
def test_jobs_whose_hooks_read_the_database_work_with_the_smallest_pool(make: Any, options: dict[str, Any]) -> None:
    host: Host = make(SQLALCHEMY_ENGINE_OPTIONS=options)
    seen: list[int] = []
    _read_in_hooks(host, seen)
    for account in ("1", "2", "3"):
        host.trial(account)
    host.db.session.remove()

    reminded, ended = host.check(NOON + days(7)), host.check(NOON + days(14))

    assert (reminded.outcome.value, reminded.changed, ended.outcome.value, ended.changed) == ("ok", 3, "ok", 3)
    assert set(host.effects().values()) == {"done"}
    assert len(seen) >= 3


def _read_in_hooks(host: Host, seen: list[int]) -> None:
    hooks = host.subs.runtime.hooks
    for name in ("contacts", "suspend_workspaces"):
        usual = hooks.require(name)

        def reading(*arguments: Any, usual: Any = usual) -> Any:
            seen.append(host.db.session.execute(host.db.text("SELECT count(*) FROM subs_subscriptions")).scalar_one())
            return usual(*arguments)

        hooks._functions[name] = reading
