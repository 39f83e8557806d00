"""Databases that are lent to one test after another are as new each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from .conftest import empty_database
from .hosts import NOON, running_host
from .stock import Stock

SERVERS = ("postgresql", "mariadb")


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[Stock]:
    with closing(Stock(tmp_path)) as stock:
        yield stock


def change(url: str, *statements: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def live(url: str) -> list[str]:
    """Let a trial begin and be told; return the keys of its effects, which are made of ids."""
    with running_host(url) as host:
        host.trial()
        host.deliver(NOON)
        return list(host.effects())


@pytest.mark.parametrize("kind", ["sqlite", *SERVERS])
def test_what_a_test_leaves_in_the_tables_is_not_there_for_the_next(stock: Stock, tmp_path: Path, kind: str) -> None:
    with empty_database(kind, tmp_path, stock.lend) as first:
        lived = live(first)
    with empty_database(kind, tmp_path, stock.lend) as second:
        assert live(second) == lived

    assert lived == ["trial-started:sub-1:2026-12-15"]
    assert first == second


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE notes (id INTEGER)",
        "ALTER TABLE subs_outbox DROP COLUMN done_at",
        "ALTER TABLE subs_outbox ADD CHECK (attempts < 99)",
        "DROP INDEX ix_subs_outbox_state_lease_until_id {on}",
        "DROP TABLE subs_webhook_events",
        "ALTER TABLE subs_audit RENAME TO subs_audits",
    ],
)
def test_a_database_whose_tables_were_changed_is_not_lent_again(
    stock: Stock, tmp_path: Path, kind: str, statement: str
) -> None:
    with empty_database(kind, tmp_path, stock.lend) as first:
        change(first, statement.format(on="ON subs_outbox" if kind == "mariadb" else ""))
    with empty_database(kind, tmp_path, stock.lend) as second:
        lived = live(second)

    assert first != second
    assert lived == ["trial-started:sub-1:2026-12-15"]


@pytest.mark.parametrize(
    ("kind", "statements"),
    [
        (
            "mariadb",
            ["CREATE TRIGGER t BEFORE INSERT ON subs_outbox FOR EACH ROW SET NEW.kind = 'x'"],
        ),
        (
            "postgresql",
            [
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                "CREATE TRIGGER t BEFORE INSERT ON subs_outbox FOR EACH ROW EXECUTE FUNCTION f()",
            ],
        ),
    ],
)
def test_a_trigger_that_was_left_behind_is_a_change(
    stock: Stock, tmp_path: Path, kind: str, statements: list[str]
) -> None:
    with empty_database(kind, tmp_path, stock.lend) as first:
        change(first, *statements)
    with empty_database(kind, tmp_path, stock.lend) as second:
        assert first != second


@pytest.mark.parametrize("kind", SERVERS)
def test_a_session_that_was_left_open_holds_up_nobody(stock: Stock, tmp_path: Path, kind: str) -> None:
    with empty_database(kind, tmp_path, stock.lend) as first:
        live(first)
        engine = create_engine(first)
        forgotten = engine.connect()
        forgotten.execute(text("UPDATE subs_outbox SET attempts = 9"))
    with empty_database(kind, tmp_path, stock.lend) as second:
        assert live(second) == ["trial-started:sub-1:2026-12-15"]

    forgotten.invalidate()
    engine.dispose()
    assert first == second
