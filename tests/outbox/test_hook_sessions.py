"""What a host's hook does to the database is its own affair, and so is what we do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from flask import current_app, has_request_context
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert, select, text

from flask_subscription_ops import Contact
from flask_subscription_ops.models import OutboxMessage

from ..hosts import NOON, Host, days
from ..servers import database
from .waiting import operations_of

IDLE = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND state IN ('idle in transaction', 'active') AND pid <> pg_backend_pid()"
)


@pytest.fixture
def notes(host: Host) -> Table:
    return note_table(host)


def note_table(host: Host) -> Table:
    table = Table("notes", MetaData(), Column("id", Integer, primary_key=True), Column("text", String(50)))
    table.create(host.db.engine)
    return table


def commits(host: Host, notes: Table) -> None:
    host.db.session.execute(insert(notes).values(text="hook"))
    host.db.session.commit()


def rolls_back(host: Host, notes: Table) -> None:
    host.db.session.execute(insert(notes).values(text="hook"))
    host.db.session.rollback()


def leaves_dirt(host: Host, notes: Table) -> None:
    host.db.session.execute(insert(notes).values(text="hook"))
    if host.db.engine.dialect.name == "sqlite":
        host.db.session.rollback()  # an open write would lock the whole file: the host's own affair


def breaks_its_session(host: Host, notes: Table) -> None:
    host.db.session.execute(text("SELECT * FROM there_is_no_such_table"))


def closes_everything(host: Host, notes: Table) -> None:
    host.db.session.remove()


@pytest.mark.parametrize("act", [commits, rolls_back, leaves_dirt, closes_everything, breaks_its_session])
def test_what_a_hook_does_to_its_session_does_not_touch_ours(
    host: Host, notes: Table, act: Callable[[Host, Table], None]
) -> None:
    operations_of(host, "1", products=("a",))
    host.subs.suspend_workspaces(lambda account_id, operation: act(host, notes))
    waiting = OutboxMessage(effect_key="mine", channel="none", kind="none", account_id="1", subscription_id=1)
    host.db.session.add(waiting)  # what a view has not committed yet

    host.deliver(NOON)

    assert waiting in host.db.session.new
    expected = "pending" if act is breaks_its_session else "done"
    assert host.effects()["suspend-workspaces:sub-1:2"] == expected
    assert list(host.db.session.scalars(select(notes.c.text))) == (["hook"] if act is commits else [])


def test_hooks_run_in_the_apps_context_and_in_no_request(sqlite_host: Host) -> None:
    found: list[Any] = []
    operations_of(sqlite_host, "1", products=("a",))

    @sqlite_host.subs.suspend_workspaces
    def suspend(account_id: str, operation: Any) -> None:
        found.append((current_app._get_current_object(), has_request_context()))  # type: ignore[attr-defined]

    with sqlite_host.app.test_request_context("/"):
        sqlite_host.deliver(NOON)

    assert found == [(sqlite_host.app, False)]


def test_no_transaction_of_ours_is_open_while_a_hook_runs(postgresql_host: Host) -> None:
    host = postgresql_host
    host.trial("1")
    host.trial("2")
    looks: list[tuple[str, int]] = []
    outside = create_engine(host.db.engine.url, isolation_level="AUTOCOMMIT")

    def look(hook: str) -> None:
        with outside.connect() as connection:
            looks.append((hook, connection.execute(IDLE).scalar_one()))

    @host.subs.contacts
    def contacts(account_ids: Sequence[str]) -> Mapping[str, Contact]:
        look("contacts")
        return {key: Contact(f"{key}@customer.example") for key in account_ids}

    host.subs.suspend_workspaces(lambda account_id, operation: look("suspend"))
    host.db.session.rollback()

    for day in (0, 7, 14):
        host.check(NOON + days(day))
    outside.dispose()

    assert {hook for hook, _ in looks} == {"contacts", "suspend"}
    assert {open_ones for _, open_ones in looks} == {0}


@pytest.fixture
def postgresql_host(tmp_path: Any) -> Iterator[Host]:
    from ..hosts import running_host

    with database("postgresql", tmp_path) as url, running_host(url) as host:
        yield host
