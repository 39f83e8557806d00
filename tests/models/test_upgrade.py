"""From the tables of the first release to today's by `flask db migrate` alone, unedited, with rows in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, inspect, text, update
from sqlalchemy.exc import DBAPIError

from flask_subscription_ops.models import Base, JobRun, OutboxMessage, Subscription

from ..conftest import empty_database
from ..hosts import NOON, Host, days, running_host
from ..servers import DATABASES
from .first_customers import ACTIVE, CANCELED, PAUSED, RESUMED, TOKEN
from .old_app import OldApp, audit_of, go_on

SIZE = 1000
NAMES = [table.name for table in Base.metadata.sorted_tables]


@pytest.fixture(scope="module", params=DATABASES)
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OldApp]:
    """An app of the first release after its upgrade; each test that writes has customers of its own."""
    folder = tmp_path_factory.mktemp("upgrade")
    with empty_database(request.param, folder) as url:
        app = OldApp(folder, url, SIZE)
        before = app.rows()
        app.upgrade()
        assert app.rows() == before
        yield app


@pytest.fixture
def host(upgraded: OldApp) -> Iterator[Host]:
    with upgraded.host() as host:
        yield host


def test_the_next_migration_finds_nothing(upgraded: OldApp) -> None:
    assert "No new upgrade operations detected" in upgraded.flask("db", "check")


def test_the_migration_is_about_our_tables_and_needs_no_import_of_the_package(upgraded: OldApp) -> None:
    assert set(re.findall(r"batch_alter_table\('(\w+)'", upgraded.migration())) <= set(NAMES)
    assert "companies" not in upgraded.migration()
    assert "flask_subscription_ops" not in upgraded.migration()


def test_the_upgraded_tables_are_as_new_ones(upgraded: OldApp, tmp_path: Path) -> None:
    with (
        empty_database(upgraded.kind, tmp_path) as url,
        running_host(url) as new,
        new.db.engine.connect() as connection,
    ):
        wanted = {name: shape(connection, name) for name in NAMES}

    with upgraded.connection() as connection:
        assert {name: shape(connection, name) for name in NAMES} == wanted


def shape(connection: Connection, table: str) -> dict[str, Any]:
    """Return all that a database tells of a table, but for the order of its columns."""
    found = inspect(connection)
    master = text("SELECT sql FROM sqlite_master WHERE name = :name")
    made_by = connection.scalar(master, {"name": table}) if connection.dialect.name == "sqlite" else ""
    return {
        "columns": {c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in found.get_columns(table)},
        "unique": sorted((c["name"], c["column_names"]) for c in found.get_unique_constraints(table)),
        "indexes": sorted((i["name"], i["column_names"], i["unique"], of_some(i)) for i in found.get_indexes(table)),
        "checks": sorted((c["name"], c["sqltext"]) for c in found.get_check_constraints(table)),
        "key": found.get_pk_constraint(table)["constrained_columns"],
        "ids are kept": "AUTOINCREMENT" in str(made_by),
    }


def of_some(index: Any) -> str:
    """Return the condition of a partial index as the database words it; empty where it is of all rows."""
    options = index.get("dialect_options", {})
    return "".join(str(condition) for name, condition in options.items() if name.endswith("_where"))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(update(OutboxMessage).values(state="lost"), id="state of an effect"),
        pytest.param(update(Subscription).values(status="lost"), id="status"),
        pytest.param(update(Subscription).values(collected_by="nobody"), id="who collects"),
        pytest.param(update(Subscription).where(Subscription.id == ACTIVE).values(live=None), id="live"),
    ],
)
def test_a_value_that_no_model_allows_is_refused(host: Host, change: Any) -> None:
    with pytest.raises(DBAPIError, match=r"(?i)check|constraint"):
        host.db.session.execute(change)


def test_the_id_of_a_deleted_row_is_not_used_again(host: Host) -> None:
    run = JobRun(job="x", started_at=NOON, as_of=NOON, report={})
    host.db.session.add(run)
    host.db.session.commit()
    deleted = run.id
    host.db.session.delete(run)
    host.db.session.commit()

    host.db.session.add(JobRun(job="x", started_at=NOON, as_of=NOON, report={}))
    host.db.session.commit()

    assert host.db.session.query(func.max(JobRun.id)).scalar() > deleted


def test_what_the_old_code_left_goes_on(upgraded: OldApp) -> None:
    go_on(upgraded)


def test_services_change_what_the_old_code_began(host: Host) -> None:
    subs = host.subs
    customers = host.db.session.query(Subscription).where(Subscription.id.in_([PAUSED, CANCELED, RESUMED, 100]))
    paused, canceled, resumed, trial = customers.order_by(Subscription.id)

    subs.unpause(paused)
    subs.pause(resumed)
    subs.extend_trial(trial, days=7)
    subs.cancel(subs.subscribe(trial.account_id, "pro"), at_period_end=False, reason="moved")
    subs.start_trial(canceled.account_id, "pro")
    host.db.session.commit()

    assert [host.reload(s).status for s in (paused, resumed, trial)] == ["active", "paused", "canceled"]
    assert audit_of(host) == "the audit is whole\n"


def test_it_can_be_taken_back_and_done_again_with_every_row(upgraded: OldApp) -> None:
    before = upgraded.rows()

    upgraded.flask("db", "downgrade")
    taken_back = upgraded.rows()
    upgraded.flask("db", "upgrade")

    assert taken_back == before
    assert upgraded.rows() == before
    assert "No new upgrade operations detected" in upgraded.flask("db", "check")
    with upgraded.host() as host:
        assert audit_of(host) == "the audit is whole\n"
        assert host.check(NOON + days(1), confirm=TOKEN).outcome == "ok"
