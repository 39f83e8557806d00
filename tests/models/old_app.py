"""A host on disk that has the first release's tables, with rows in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, create_engine, func, inspect, make_url, select

from ..hosts import NOON, Host, make_host
from .first_customers import EFFECTS, ENDING, EXPIRED, REMINDED, TOKEN, email_key, fill
from .first_release import METADATA
from .test_migrations import WIRE, Project

Row = tuple[Any, ...]


class OldApp(Project):
    """An app that is upgraded by `flask db` and then works in this process."""

    def __init__(self, folder: Path, url: str, size: int) -> None:
        super().__init__(folder, url)
        self.write(wire="pass")
        self.create_all()
        with self.connection() as connection:
            METADATA.create_all(connection)
            fill(connection, size)
        self.write(WIRE)
        self.flask("db", "init")

    def upgrade(self) -> None:
        """Do as the page says, and edit nothing."""
        self.flask("db", "migrate", "-m", "Upgrade subscriptions")
        self.flask("db", "upgrade")

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        engine = create_engine(self.url)
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()

    @contextmanager
    def host(self) -> Iterator[Host]:
        """Give the app at NOON."""
        host = make_host(self.url)
        with host.app.app_context():
            host.at(NOON)
            try:
                yield host
            finally:
                host.db.session.remove()
                host.db.engine.dispose()

    @property
    def kind(self) -> str:
        backend = make_url(self.url).get_backend_name()
        return "mariadb" if backend == "mysql" else backend

    def counts(self) -> dict[str, int]:
        """Return the number of rows of every table of the first release."""
        with self.connection() as connection:
            found = {t.name: select(func.count()).select_from(t) for t in METADATA.sorted_tables}
            return {name: connection.execute(count).scalar_one() for name, count in found.items()}

    def rows(self) -> dict[str, list[Row]]:
        """Return what the columns of the first release hold, those that were replaced since left out."""
        with self.connection() as connection:
            return {table.name: _rows(connection, table) for table in METADATA.sorted_tables}


def _rows(connection: Connection, table: Table) -> list[Row]:
    there = {column["name"] for column in inspect(connection).get_columns(table.name)}
    columns = [column for column in table.columns if column.name in there]
    return [tuple(row) for row in connection.execute(select(*columns).order_by(table.c.id))]


def go_on(app: OldApp) -> None:
    """Let jobs and operator go on where the old code stopped, and see that each effect is done, and once."""
    with app.host() as host:
        run = host.check(NOON, confirm=TOKEN)
        queued_anew = host.app.test_cli_runner().invoke(args=["subs", "outbox", "retry"]).output
        again = host.deliver(NOON)

        assert (run.outcome, again.outcome) == ("ok", "ok"), (run.to_dict(), again.to_dict())
        assert queued_anew == "1 queued anew\n"
        assert sorted(host.stopped, key=int) == [str(n) for n in (*ENDING, EXPIRED)]
        assert Counter(host.kinds) == {
            "trial_expired": len(ENDING),
            "trial_reminder": len(REMINDED),
            "trial_started": len(["pending", "cut off", "dead"]),
        }
        states = host.effects()
        assert {before: states[email_key(number)] for before, number in EFFECTS.items()} == {
            **dict.fromkeys(("pending", "cut off", "dead", "done"), "done"),
            **{before: before for before in ("sending", "held", "superseded", "no_recipient")},
        }
        assert audit_of(host) == "the audit is whole\n"


def audit_of(host: Host) -> str:
    return host.app.test_cli_runner().invoke(args=["subs", "audit", "--verify"]).output
