"""The lines of the page on upgrades that come before a downgrade."""

from __future__ import annotations

from sqlalchemy import create_engine, text

from flask_subscription_ops.models import AuditEntry, OutboxMessage

from ..docs.pages import blocks, read
from ..hosts import NOON, Host, make_host
from ..models import first_release
from ..models.first_customers import EFFECTS, email_key, fill
from .migration import Migration, migrate


def test_the_lines_on_the_page_let_everything_be_taken_back(database_url: str) -> None:
    host = make_host(database_url, SUBS_DEPLOYMENT="renamed")
    engine = create_engine(database_url)
    with engine.begin() as connection:
        first_release.METADATA.create_all(connection)
        fill(connection, 1000)
    migration = migrate(engine, host.db.metadata)
    migration.upgrade(engine)
    with host.app.app_context():
        write_what_the_first_release_did_not_know(host)

    [lines] = blocks(read("how-to/upgrade.md"), "sql")
    with engine.begin() as connection:
        for line in lines.splitlines():
            assert connection.execute(text(line)).rowcount > 0, line
    migration.downgrade(engine)

    with engine.connect() as connection:
        dropped = text("SELECT state FROM subs_outbox WHERE effect_key = :key")
        assert connection.scalar(dropped, {"key": email_key(EFFECTS["dead"])}) == "superseded"
        assert connection.scalar(text("SELECT count(*) FROM subs_subscriptions")) == 1001
        assert connection.scalar(text("SELECT max(length(actor)) FROM subs_audit")) == 64
    migration.upgrade(engine)
    assert migrate(engine, host.db.metadata) == Migration("", "")
    engine.dispose()


def write_what_the_first_release_did_not_know(host: Host) -> None:
    host.at(NOON)
    operate = host.app.test_cli_runner().invoke
    assert operate(args=["subs", "deployment", "adopt"]).exit_code == 0
    assert operate(args=["subs", "outbox", "drop", email_key(EFFECTS["dead"])]).exit_code == 0
    with host.subs.acting_as("an operator with a long name " * 8):
        host.subs.start_trial("new", "pro")
    health = {"effect_key": "alert:health:2026-12-01", "channel": "email", "kind": "alert", "subject": "health"}
    host.db.session.add(OutboxMessage(**health, details={}, due_at=NOON, created_at=NOON))
    host.db.session.commit()
    assert host.db.session.query(AuditEntry).filter_by(subscription_id=None).count() == 1
    host.db.session.remove()
    host.db.engine.dispose()
