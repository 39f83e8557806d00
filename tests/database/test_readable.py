from __future__ import annotations

import pytest
from sqlalchemy import event, select, text

from flask_subscription_ops.database.readable import readable
from flask_subscription_ops.errors import DatabaseUnreachable, SchemaOutdated
from flask_subscription_ops.models import OutboxMessage

from ..hosts import Host
from ..unreadable import FIRST, LAST, spoil

ALL = select(OutboxMessage).order_by(OutboxMessage.id.desc())


def test_rows_keep_their_order_whichever_of_them_cannot_be_read(host: Host) -> None:
    for number in range(9):
        host.trial(str(number))
    for account_id in "048":
        spoil(host, "subs_outbox", "created_at", account_id, LAST)

    found = readable(host.subs.runtime.database, OutboxMessage, ALL.limit(8))

    assert [row.account_id for row in found] == list("87654321")
    assert [row.account_id for row in found if row.fault] == ["8", "4"]


def test_everything_else_in_a_row_is_read(host: Host) -> None:
    host.trial("1")
    [whole] = readable(host.subs.runtime.database, OutboxMessage, ALL)
    spoil(host, "subs_outbox", "created_at", "1", FIRST)
    spoil(host, "subs_outbox", "done_at", "1", LAST)

    [row] = readable(host.subs.runtime.database, OutboxMessage, ALL)

    columns = set(OutboxMessage.__table__.c.keys()) - {"created_at", "done_at"}
    assert {name: getattr(row, name) for name in columns} == {name: getattr(whole, name) for name in columns}
    assert (row.created_at, row.done_at, whole.fault) == (None, None, "")
    assert [part.split(":")[0] for part in row.fault.split("; ")] == [
        "created_at cannot be read",
        "done_at cannot be read",
    ]


def test_one_unreadable_row_costs_few_statements_among_many(sqlite_host: Host) -> None:
    for number in range(64):
        sqlite_host.trial(str(number))
    spoil(sqlite_host, "subs_outbox", "created_at", "40", LAST)
    statements: list[str] = []
    event.listen(sqlite_host.db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    readable(sqlite_host.subs.runtime.database, OutboxMessage, ALL)

    assert len(statements) < 64


def test_a_missing_column_is_no_fault_of_the_rows(sqlite_host: Host) -> None:
    sqlite_host.trial("1")
    sqlite_host.db.session.execute(text("ALTER TABLE subs_outbox DROP COLUMN marked_at"))
    sqlite_host.db.session.commit()

    with pytest.raises(SchemaOutdated, match=r"lacks subs_outbox\.marked_at"):
        readable(sqlite_host.subs.runtime.database, OutboxMessage, ALL)


def test_a_database_that_is_away_is_no_fault_of_the_rows(host: Host) -> None:
    def be_away(*_: object) -> None:
        raise host.db.engine.dialect.loaded_dbapi.OperationalError("gone")

    event.listen(host.db.engine, "before_cursor_execute", be_away)

    with pytest.raises(DatabaseUnreachable):
        readable(host.subs.runtime.database, OutboxMessage, ALL)
