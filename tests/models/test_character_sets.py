"""MariaDB databases made long ago have other character sets; what we store there is the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from flask_subscription_ops.models import AuditEntry, JobRun, OutboxMessage

from ..conftest import empty_database
from ..hosts import NOON, running_host
from .test_migrations import WIRE, Project

LONG = {
    ("subs_audit", "details"),
    ("subs_job_runs", "report"),
    ("subs_outbox", "details"),
    ("subs_outbox", "last_error"),
    ("subs_payments", "action_url"),
    ("subs_payments", "last_error"),
    ("subs_webhook_events", "last_error"),
    ("subs_webhook_events", "payload"),
}
TEXTS = text(
    "SELECT table_name, column_name, data_type, collation_name FROM information_schema.columns"
    " WHERE table_schema = database() AND table_name LIKE 'subs%' AND collation_name IS NOT NULL"
)


@pytest.fixture(params=["latin1", "utf8mb3", "utf8mb4"])
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty MariaDB database with each default character set."""
    with empty_database("mariadb", tmp_path) as url:
        run(url, f"ALTER DATABASE {make_url(url).database} CHARACTER SET {request.param}")
        yield url


def run(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def columns(url: str) -> dict[tuple[str, str], tuple[str, str]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {(table, column): (kind, order) for table, column, kind, order in connection.execute(TEXTS)}
    engine.dispose()
    return found


def assert_every_text_has_room(url: str) -> None:
    found = columns(url)

    assert {collation for _, collation in found.values()} == {"utf8mb4_bin"}
    assert {column for column, (kind, _) in found.items() if kind == "longtext"} == LONG
    assert {kind for kind, _ in found.values()} == {"longtext", "varchar"}


def test_created_tables_keep_every_alphabet_whatever_the_databases_default(old_url: str) -> None:
    with running_host(old_url):
        assert_every_text_has_room(old_url)


def test_migrated_tables_do_so_too_and_the_next_migration_finds_nothing(old_url: str, tmp_path: Path) -> None:
    project = Project(tmp_path, old_url)
    project.write(WIRE)
    for command in (["init"], ["migrate"], ["upgrade"]):
        project.flask("db", *command)

    assert_every_text_has_room(old_url)
    assert "flask_subscription_ops" not in project.migration()
    assert "No new upgrade operations detected" in project.flask("db", "check")


def test_texts_of_every_alphabet_come_back_whole(old_url: str) -> None:
    reason = "наука 科学 علم 🎫" * 50

    with running_host(old_url) as host:
        trial = host.trial("клиент-🎫", payment_method="pm_代")
        host.subs.cancel(trial, at_period_end=False, reason=reason)
        host.db.session.commit()
        host.db.session.add(JobRun(job="x", started_at=NOON, as_of=NOON, report={"text": "🎫" * 100_000}))
        host.db.session.query(OutboxMessage).update({"last_error": "нет места 🎫"})
        host.db.session.commit()

        assert host.reload(trial).payment_method == "pm_代"
        assert host.subs.get("клиент-🎫") is trial
        assert host.db.session.query(AuditEntry).filter_by(cause="canceled").one().details["reason"] == reason
        assert host.db.session.query(JobRun).one().report == {"text": "🎫" * 100_000}
        assert {m.last_error for m in host.db.session.query(OutboxMessage)} == {"нет места 🎫"}
