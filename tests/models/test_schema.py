"""Tables in a schema of the host's choice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, inspect, select, text

from flask_subscription_ops.errors import SchemaOutdated
from flask_subscription_ops.models import AuditEntry, Base, Subscription

from ..conftest import empty_database
from ..hosts import NOON, Host, days, make_host, running_host
from .test_migrations import OURS, WIRE, Project

END = NOON + days(14)


@pytest.fixture(params=["postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database beside which there are the schemas app and other; on MariaDB a schema is a database."""
    with empty_database(request.param, tmp_path) as found:
        engine = create_engine(found, isolation_level="AUTOCOMMIT")
        drop = "DROP SCHEMA IF EXISTS {} CASCADE" if request.param == "postgresql" else "DROP SCHEMA IF EXISTS {}"
        with engine.connect() as connection:
            for name in ("app", "other"):
                connection.execute(text(drop.format(name)))
                connection.execute(text(f"CREATE SCHEMA {name}"))
            yield found
            for name in ("app", "other"):
                connection.execute(text(drop.format(name)))
        engine.dispose()


def in_schema(name: str) -> SQLAlchemy:
    return SQLAlchemy(metadata=MetaData(schema=name))


def tables_in(host: Host, schema: str | None) -> set[str]:
    return set(inspect(host.db.engine).get_table_names(schema)) & set(OURS)


def test_tables_and_every_query_are_in_the_hosts_schema(url: str) -> None:
    with running_host(url, db=in_schema("app")) as host:
        for account in ("1", "2"):
            host.trial(account)
        host.deliver(NOON)
        report = host.check(END)

        assert tables_in(host, "app") == OURS
        assert tables_in(host, None) == set()
        assert (report.outcome.value, report.changed) == ("ok", 2)
        assert [s.status for s in host.db.session.scalars(select(Subscription))] == ["expired", "expired"]
        assert set(host.effects().values()) == {"done"}
        assert len(host.audit()) == 4


def test_a_row_that_the_host_adds_by_itself_moves_in(url: str) -> None:
    with running_host(url, db=in_schema("app")) as host:
        host.at(NOON)
        host.db.session.add(Subscription(account_id="1", plan="pro", status="trialing", trial_ends_at=END))
        host.db.session.commit()

        assert host.db.session.query(AuditEntry).one().cause == "moved_in"


def test_what_is_missing_is_looked_for_in_that_schema(url: str) -> None:
    with running_host(url, db=in_schema("app")) as host:
        host.check(NOON)
        host.db.session.execute(text("DROP TABLE app.subs_payments"))
        host.db.session.commit()

        with pytest.raises(SchemaOutdated, match="lacks subs_payments: run"):
            host.check(NOON)
        assert "schema: subs_payments is missing" in host.app.test_cli_runner().invoke(args=["subs", "doctor"]).output


def test_the_doctor_finds_nothing_missing_there(url: str) -> None:
    with running_host(url, db=in_schema("app")) as host:
        output = host.app.test_cli_runner().invoke(args=["subs", "doctor"]).output

    assert "is missing" not in output


def test_two_apps_with_different_schemas_keep_apart(url: str) -> None:
    with running_host(url, db=in_schema("app")) as one, running_host(url, db=in_schema("other")) as other:
        with other.app.app_context():
            other.trial("2")
            other.trial("3")
        with one.app.app_context():
            one.trial("1")
            assert one.check(END).changed == 1
        with other.app.app_context():
            assert other.check(END).changed == 2


def test_an_app_without_a_schema_is_as_it_was(url: str) -> None:
    with running_host(url, db=in_schema("app")), running_host(url) as plain:
        plain.trial()

        assert tables_in(plain, None) == OURS
        assert plain.check(END).changed == 1


def test_two_apps_of_one_db_agree(url: str) -> None:
    db = in_schema("app")
    make_host(url, db=db)

    with running_host(url, db=db) as second:
        second.trial()
        assert second.check(END).changed == 1


def test_a_migration_puts_them_there_and_a_check_finds_nothing_to_do(url: str, tmp_path: Path) -> None:
    project = Project(tmp_path, url, "metadata=MetaData(schema='app')", migrate="include_schemas=True")
    project.write(WIRE)

    project.flask("db", "init")
    _only_this_schema(project)
    project.flask("db", "migrate", "-m", "Add subscriptions")
    project.flask("db", "upgrade")

    engine = create_engine(url)
    found, beside = (set(inspect(engine).get_table_names(schema)) for schema in ("app", None))
    engine.dispose()
    assert found == {"companies", *OURS}
    assert beside == {"alembic_version"}
    assert "No new upgrade operations detected" in project.flask("db", "check")


def _only_this_schema(project: Project) -> None:
    """Let Alembic look at the app's schema alone, as a team whose server holds others does."""
    env = project.folder / "migrations" / "env.py"
    only = "conf_args = {**conf_args, 'include_name': lambda name, kind, _: kind != 'schema' or name == 'app'}"
    env.write_text(env.read_text().replace("connectable = get_engine()", f"{only}\n\n    connectable = get_engine()"))


def test_the_hosts_own_tables_without_a_schema_stay_where_they_are(url: str) -> None:
    with running_host(url, db=in_schema("app")) as host:
        beside = Table("notes", MetaData(), Column("id", Integer))
        host.db.session.execute(text("CREATE TABLE notes (id INTEGER)"))

        assert host.db.session.execute(select(beside)).all() == []


def test_without_an_app_the_models_name_no_schema() -> None:
    assert {table.schema for table in Base.metadata.tables.values()} == {None}
