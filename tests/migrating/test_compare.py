"""What a migration says of our tables that Alembic alone would leave out, over every table and CHECK there is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import CheckConstraint, Column, Engine, MetaData, String, Table, create_engine, inspect, text

from flask_subscription_ops.models import Base

from ..hosts import make_host
from ..models import first_release
from .migration import Migration, migrate

LISTING = re.compile(r"(\w+) IN \((.+)\)")

Checks = dict[str, tuple[str, ...]]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def metadata() -> MetaData:
    """The tables as a host has them."""
    return make_host("sqlite://").db.metadata


def older(metadata: MetaData, change: Callable[[Table, CheckConstraint], str | None]) -> MetaData:
    """Return the tables with other listings: what `change` returns of each, which it leaves out for None."""
    found = MetaData()
    for table in metadata.sorted_tables:
        copy = table.to_metadata(found)
        for check in [c for c in copy.constraints if isinstance(c, CheckConstraint) and listing(c)]:
            copy.constraints.remove(check)
            condition = change(copy, check)
            if condition is not None:
                copy.append_constraint(CheckConstraint(condition, name=check.name))
    return found


def listing(check: CheckConstraint) -> re.Match[str] | None:
    return LISTING.fullmatch(str(check.sqltext))


def with_one_less(table: Table, check: CheckConstraint) -> str:
    return re.sub(", '\\w+'\\)$", ")", str(check.sqltext))


def with_one_more(table: Table, check: CheckConstraint) -> str:
    return str(check.sqltext).removesuffix(")") + ", 'given_up')"


def with_another(table: Table, check: CheckConstraint) -> str:
    return re.sub("'\\w+'\\)$", "'given_up')", str(check.sqltext))


def without_it(table: Table, check: CheckConstraint) -> None:
    return None


def with_a_second(table: Table, check: CheckConstraint) -> str:
    column = str(check.sqltext).split()[0]
    table.append_constraint(CheckConstraint(f"{column} <> 'lost'", name=f"{check.name}_once"))
    return str(check.sqltext)


def checks(engine: Engine) -> Checks:
    """Return the values that each CHECK of ours names in the database."""
    with engine.connect() as connection:
        found = inspect(connection)
        return {
            str(check["name"]): tuple(sorted(re.findall(r"'(\w+)", check["sqltext"])))
            for table in Base.metadata.sorted_tables
            for check in found.get_check_constraints(table.name)
        }


def in_models(metadata: MetaData) -> Checks:
    return {
        str(check.name): tuple(sorted(re.findall(r"'(\w+)", str(check.sqltext))))
        for table in metadata.sorted_tables
        for check in table.constraints
        if isinstance(check, CheckConstraint)
    }


@pytest.mark.parametrize("change", [with_one_less, with_one_more, with_another, without_it, with_a_second])
def test_every_check_comes_to_what_the_models_say_and_back(engine: Engine, metadata: MetaData, change: Any) -> None:
    older(metadata, change).create_all(engine)
    old = checks(engine)

    migration = migrate(engine, metadata)
    migration.upgrade(engine)
    new, remaining = checks(engine), migrate(engine, metadata)
    migration.downgrade(engine)

    assert new == in_models(metadata) != old
    assert remaining == Migration("", "")
    assert checks(engine) == old


def test_a_host_that_uses_no_batches_migrates_servers_too(engine: Engine, metadata: MetaData) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite changes no constraint without them")
    older(metadata, with_one_less).create_all(engine)

    migration = migrate(engine, metadata, in_batch=False)
    migration.upgrade(engine)

    assert "batch" not in migration.up
    assert migrate(engine, metadata) == Migration("", "")


def test_tables_and_checks_of_the_host_are_left_alone(engine: Engine, metadata: MetaData) -> None:
    def companies(found: MetaData, names: str) -> None:
        condition = CheckConstraint(f"name IN ({names})", name="ck_companies_name")
        Table("companies", found, Column("name", String(20)), condition)

    metadata.create_all(engine)
    theirs = MetaData()
    companies(theirs, "'amber'")
    theirs.create_all(engine)
    companies(metadata, "'amber', 'basalt'")

    assert migrate(engine, metadata) == Migration("", "")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("in_batch", [True, False])
def test_tables_in_a_schema_are_compared_there(engine: Engine, in_batch: bool) -> None:
    db = SQLAlchemy(metadata=MetaData(schema="app"))
    metadata = make_host("sqlite://", db=db).db.metadata
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA app"))
    older(metadata, with_one_less).create_all(engine)

    migration = migrate(engine, metadata, in_batch=in_batch, include_schemas=True)
    migration.upgrade(engine)

    assert "create_check_constraint" in migration.up
    assert migrate(engine, metadata, include_schemas=True) == Migration("", "")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_table_comes_to_keep_its_ids_on_sqlite(engine: Engine, metadata: MetaData) -> None:
    forgetful = MetaData()
    for table in metadata.sorted_tables:
        table.to_metadata(forgetful).dialect_options["sqlite"]["autoincrement"] = False
    forgetful.create_all(engine)

    migrate(engine, metadata).upgrade(engine)

    with engine.connect() as connection:
        made_by = connection.scalars(text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name LIKE 'subs_%'"))
        assert ["AUTOINCREMENT" in sql for sql in made_by] == [True] * len(metadata.tables)
    assert migrate(engine, metadata) == Migration("", "")


@pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)
def test_a_text_that_took_its_collation_from_its_table_gets_its_own(engine: Engine, metadata: MetaData) -> None:
    metadata.create_all(engine)
    new = collations(engine)
    with engine.begin() as connection:
        for table in metadata.tables:
            connection.execute(text(f"ALTER TABLE {table} CONVERT TO CHARACTER SET latin1"))

    migration = migrate(engine, metadata)
    migration.upgrade(engine)
    upgraded = collations(engine)
    remaining = migrate(engine, metadata)
    migration.downgrade(engine)

    own = {column: collation for column, collation in new.items() if collation == "utf8mb4_bin"}
    assert own.items() <= upgraded.items()
    assert remaining == Migration("", "")
    assert set(collations(engine).values()) == {"latin1_swedish_ci"}


def collations(engine: Engine) -> dict[tuple[str, str], str]:
    statement = text(
        "SELECT table_name, column_name, collation_name FROM information_schema.columns"
        " WHERE table_schema = database() AND collation_name IS NOT NULL"
    )
    with engine.connect() as connection:
        return {(table, column): collation for table, column, collation in connection.execute(statement)}


@pytest.mark.parametrize("database_url", ["postgresql", "mariadb"], indirect=True)
def test_a_migration_written_on_sqlite_keeps_the_types_of_a_server(
    engine: Engine, metadata: MetaData, tmp_path: Path
) -> None:
    laptop = create_engine(f"sqlite:///{tmp_path / 'laptop.db'}")
    for there in (laptop, engine):
        first_release.METADATA.create_all(there)
    old = types(engine)

    migrate(laptop, metadata).upgrade(engine)
    laptop.dispose()

    kept = {column: kind for column, kind in types(engine).items() if column in old}
    assert kept.pop(("subs_audit", "actor")).startswith("VARCHAR(255)")
    assert {column: kind for column, kind in kept.items() if not kind.startswith(old[column])} == {}
    assert checks(engine) == in_models(metadata)


def types(engine: Engine) -> dict[tuple[str, str], str]:
    with engine.connect() as connection:
        found = inspect(connection)
        return {
            (table.name, column["name"]): str(column["type"])
            for table in Base.metadata.sorted_tables
            for column in found.get_columns(table.name)
        }
