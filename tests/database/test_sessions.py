"""Our own sessions: patient where another worker is in the way, and no trace of them on the host's connections."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from flask_subscription_ops.database.borrow import borrowed
from flask_subscription_ops.database.watchdog import Guard
from flask_subscription_ops.errors import DatabaseUnreachable
from flask_subscription_ops.models import Subscription

from ..customers import add_trials
from ..hosts import NOON, Host, days, make_host, running_host
from .contention import Locked

END = NOON + days(14)


def test_work_that_met_another_worker_is_done_again_until_it_succeeds(sqlite_host: Host) -> None:
    tries: list[float] = []

    def work(session: Session) -> str:
        tries.append(time.monotonic())
        if len(tries) < 4:
            raise OperationalError("UPDATE", {}, Locked())
        return "done"

    assert sqlite_host.subs.runtime.in_transaction(work) == "done"
    assert len(tries) == 4
    assert tries[3] - tries[2] > tries[1] - tries[0]


def test_it_is_given_up_when_the_time_for_one_statement_is_over(make_on_sqlite: Callable[..., Host]) -> None:
    host, began = make_on_sqlite(SUBS_DATABASE_TIMEOUT=0.5), time.monotonic()

    def work(session: Session) -> None:
        raise OperationalError("UPDATE", {}, Locked())

    with pytest.raises(OperationalError):
        host.subs.runtime.in_transaction(work)

    assert time.monotonic() - began < 1


def test_another_error_is_not_tried_again(sqlite_host: Host) -> None:
    tries: list[int] = []

    def work(session: Session) -> None:
        tries.append(1)
        raise OperationalError("UPDATE", {}, Exception("no such table"))

    with pytest.raises(OperationalError):
        sqlite_host.subs.runtime.in_transaction(work)

    assert len(tries) == 1


def test_a_locked_file_ends_a_run_in_time_and_says_so(make_on_sqlite: Callable[..., Host], sqlite_url: str) -> None:
    host = make_on_sqlite(SUBS_DATABASE_TIMEOUT=0.5)
    host.check(NOON)
    host.db.session.execute(text("BEGIN IMMEDIATE"))
    other, began = make_host(sqlite_url, SUBS_DATABASE_TIMEOUT=0.5), time.monotonic()

    with other.app.app_context(), pytest.raises(DatabaseUnreachable, match="it is locked by another process"):
        other.check(END)

    assert time.monotonic() - began < 3


def test_a_held_lock_ends_a_run_in_time(make_on_server: Callable[..., Host]) -> None:
    host = make_on_server(SUBS_DATABASE_TIMEOUT=0.5)
    host.check(NOON)
    lock = {"postgresql": "LOCK TABLE subs_job_runs", "mysql": "LOCK TABLE subs_job_runs WRITE"}
    began = time.monotonic()
    with host.db.engine.connect() as other:
        other.execute(text(lock[host.db.engine.dialect.name]))

        with pytest.raises(DatabaseUnreachable, match=r"did not answer within 0\.5 s"):
            host.check(END)
        other.rollback()
        other.invalidate()

    assert time.monotonic() - began < 3


KEPT = ("prepare_threshold", "autocommit", "isolation_level")


def state_of(connection: Connection) -> list[Any]:
    driver: Any = connection.connection.driver_connection
    found = [str(getattr(driver, name, None)) for name in KEPT if not callable(getattr(driver, name, None))]
    if connection.dialect.name == "sqlite":
        found.append(driver.execute("PRAGMA busy_timeout").fetchone())
    if connection.dialect.name == "mysql":
        found.append(connection.exec_driver_sql("SELECT @@autocommit, @@tx_isolation").one())
    return found


@pytest.mark.parametrize("session", ["reading", "writing", "autocommitting"])
@pytest.mark.parametrize("level", [None, "SERIALIZABLE"])
def test_a_connection_of_the_hosts_pool_is_given_back_as_it_was(
    make: Callable[..., Host], session: str, level: str | None
) -> None:
    pool = {"pool_size": 1, "max_overflow": 0, **({"isolation_level": level} if level else {})}
    host = make(SQLALCHEMY_ENGINE_OPTIONS=pool)
    host.db.session.remove()
    with host.db.engine.connect() as connection:
        before = state_of(connection)
        driver: Any = connection.connection.driver_connection

    with getattr(host.subs.runtime.database, session)() as ours:
        ours.execute(text("SELECT 1"))
    with host.db.engine.connect() as connection:
        assert connection.connection.driver_connection is driver
        assert state_of(connection) == before


def test_to_read_costs_postgresql_no_transaction(postgresql_url: str) -> None:
    with running_host(postgresql_url) as host, host.subs.runtime.reading() as session:
        session.execute(text("SELECT count(*) FROM subs_outbox"))

        driver: Any = session.connection().connection.driver_connection
        assert driver.info.transaction_status.name == "IDLE"


@pytest.mark.parametrize("session", ["reading", "writing", "rehearsing", "autocommitting"])
def test_a_server_is_left_with_no_prepared_statement_of_ours(postgresql_url: str, session: str) -> None:
    with running_host(postgresql_url) as host, getattr(host.subs.runtime.database, session)() as ours:
        for _ in range(20):  # psycopg prepares what it is given often
            ours.execute(text("SELECT count(*) FROM subs_outbox"))

        prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FROM subs_outbox'"
        assert ours.execute(text(prepared)).scalar_one() == 0


@pytest.mark.parametrize("level", ["SERIALIZABLE", "REPEATABLE READ"])
@pytest.mark.parametrize("session", ["reading", "writing", "rehearsing"])
def test_our_sessions_state_their_own_isolation(make_on_server: Callable[..., Host], level: str, session: str) -> None:
    host = make_on_server(SQLALCHEMY_ENGINE_OPTIONS={"isolation_level": level})

    with getattr(host.subs.runtime.database, session)() as ours:
        _assert_sees_what_others_commit(host, ours)  # as only READ COMMITTED does


def _assert_sees_what_others_commit(host: Host, ours: Session) -> None:
    count = text("SELECT count(*) FROM subs_subscriptions")
    before = ours.execute(count).scalar_one()
    add_trials(host, 1, 1, ends=END)

    assert ours.execute(count).scalar_one() == before + 1


@pytest.mark.parametrize("level", ["SERIALIZABLE", None])
def test_workers_side_by_side_lose_no_row_and_report_no_failure(make: Callable[..., Host], level: str | None) -> None:
    options = {"isolation_level": level} if level else {}
    host = make(SQLALCHEMY_ENGINE_OPTIONS=options, SUBS_BRAKE_MIN=10**6, SUBS_BATCH_SIZE=10)
    host.check(NOON)
    add_trials(host, 1, 200, ends=END, look=NOON)
    reports: list[Any] = []

    def work() -> None:
        with host.app.app_context():
            reports.append(host.check(END, deliver=False))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [report.outcome.value for report in reports] == ["ok"] * 4
    assert sum(report.changed for report in reports) == 200
    assert host.db.session.query(Subscription).filter_by(status="expired").count() == 200


def test_a_statement_that_is_cut_leaves_the_pool_usable(make: Callable[..., Host]) -> None:
    host = make(SUBS_DATABASE_TIMEOUT=0.3, SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 1, "max_overflow": 0})
    host.db.session.remove()
    slow = {
        "postgresql": "SELECT pg_sleep(5)",
        "mysql": "SELECT sleep(5)",
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    }[host.db.engine.dialect.name]

    with pytest.raises(DatabaseUnreachable), host.subs.runtime.reading() as session:
        session.execute(text(slow))

    assert host.check(NOON).outcome.value == "ok"


def test_parameters_are_in_no_error_of_our_sessions(host: Host) -> None:
    with pytest.raises(Exception, match="parameters hidden") as raised, host.subs.runtime.reading() as session:
        session.execute(text("SELECT * FROM nowhere WHERE name = :name"), {"name": "CANARY"})

    assert "CANARY" not in str(raised.value)


def test_what_fails_while_a_connection_is_given_back_throws_it_away(sqlite_host: Host) -> None:
    sqlite_host.db.session.remove()
    connection = sqlite_host.db.engine.connect()
    driver: Any = connection.connection.driver_connection

    with borrowed(connection, Guard(driver, 1), autocommit=False):
        driver.close()

    assert connection.closed
    assert sqlite_host.check(NOON).outcome.value == "ok"


def test_a_guard_costs_no_statement(sqlite_host: Host) -> None:
    seen: list[str] = []
    event.listen(sqlite_host.db.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))

    with sqlite_host.subs.runtime.reading() as session:
        session.execute(text("SELECT 1"))

    assert seen == ["SELECT 1"]


def test_outcomes_are_kept_where_the_host_begins_transactions_by_itself(sqlite_host: Host) -> None:
    engine = sqlite_host.db.engine
    event.listen(engine, "connect", lambda driver, _: setattr(driver, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    engine.dispose()
    sqlite_host.trial()

    sqlite_host.check(END)

    assert set(sqlite_host.effects().values()) == {"done", "superseded"}
    sqlite_host.db.session.remove()  # such a host's reading locks the file until its session ends
    assert sqlite_host.deliver(END).to_dict()["effects"]["delivered"] == {}
