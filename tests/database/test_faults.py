"""What an error of the database is called: the reason and the remedy, and nothing that was stored."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import IntegrityError, OperationalError

from flask_subscription_ops.database.faults import is_contention, shown, unreachable
from flask_subscription_ops.errors import DatabaseUnreachable

from ..hosts import NOON, days, make_host, running_host
from ..servers import mariadb_server, postgresql_server

END = NOON + days(14)


class DriverError(Exception):
    """An error of a driver, with a code in one of the places where drivers keep it."""

    def __init__(self, *arguments: Any, **codes: str) -> None:
        super().__init__(*arguments)
        for name, code in codes.items():
            setattr(self, name, code)


CONTENTION = {
    "PostgreSQL cannot serialize": DriverError("could not serialize access", sqlstate="40001"),
    "PostgreSQL deadlock by psycopg2": DriverError("deadlock detected", pgcode="40P01"),
    "PostgreSQL lock timeout": DriverError("canceling statement", sqlstate="55P03"),
    "MySQL lock wait": DriverError(1205, "Lock wait timeout exceeded"),
    "MySQL deadlock": DriverError(1213, "Deadlock found"),
    "MySQL record changed": DriverError(1020, "Record has changed"),
    "MySQL NOWAIT": DriverError(3572, "Statement aborted because lock(s) could not be acquired"),
    "SQLite database": sqlite3.OperationalError("database is locked"),
    "SQLite table": sqlite3.OperationalError("database table is locked: subs_outbox"),
}


@pytest.mark.parametrize("error", CONTENTION.values(), ids=CONTENTION)
def test_another_worker_in_the_way_is_known_on_every_database(error: Exception) -> None:
    assert is_contention(OperationalError("UPDATE", {}, error))


@pytest.mark.parametrize("error", [DriverError("gone", sqlstate="57P01"), DriverError(2013, "Lost connection")])
def test_a_lost_connection_is_no_contention(error: Exception) -> None:
    assert not is_contention(OperationalError("UPDATE", {}, error))


def test_only_a_taken_lane_among_unique_keys_is_contention() -> None:
    taken = IntegrityError("UPDATE", {}, Exception("UNIQUE constraint failed: subs_outbox.lane_in_flight"))
    repeated = IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed: subs_outbox.effect_key"))

    assert (is_contention(taken), is_contention(repeated)) == (True, False)


URLS = [
    "postgresql+psycopg://ada:SECRET@db.example:5432/shop",
    "postgresql+psycopg://db.example:5432/shop?user=ada&password=SECRET",
    "postgresql+psycopg://db.example:5432/shop?passfile=SECRET&sslpassword=SECRET",
    "mysql+pymysql://ada:SECRET@db.example:3306/shop?passwd=SECRET&ssl_key=SECRET",
]


@pytest.mark.parametrize("url", URLS)
def test_of_a_url_only_the_address_is_shown(url: str) -> None:
    assert "SECRET" not in shown(make_url(url))
    assert "ada" not in shown(make_url(url))
    assert shown(make_url(url)).endswith(("@db.example:5432/shop", "//db.example:5432/shop", "//db.example:3306/shop"))


def test_what_was_stored_is_in_no_error() -> None:
    engine = create_engine("sqlite://")
    error = OperationalError("INSERT", {"email": "CANARY"}, DriverError("trigger says CANARY", sqlstate="P0001"))

    assert str(unreachable(engine, error)).startswith("the database sqlite:// cannot be used: DriverError P0001")


def _refused() -> str:
    return "postgresql+psycopg://127.0.0.1:1/shop"


def _postgresql(**parts: Any) -> str:
    return make_url(postgresql_server()).set(**parts).render_as_string(hide_password=False)


def _mariadb(**parts: Any) -> str:
    return make_url(mariadb_server()).set(**parts).render_as_string(hide_password=False)


ANSWERS_NOT = "no server answers at that address; start it"
CAUSES: dict[str, tuple[Callable[[], str], str]] = {
    "refused by PostgreSQL": (_refused, ANSWERS_NOT),
    "no socket of PostgreSQL": (lambda: "postgresql+psycopg:///shop?host=/nowhere", ANSWERS_NOT),
    "refused by MariaDB": (lambda: "mysql+pymysql://127.0.0.1:1/shop", ANSWERS_NOT),
    "no role": (lambda: _postgresql(username="nobody_here"), "there is no such user; create the role"),
    "no database": (lambda: _postgresql(database="not_here"), "the server has no such database; create it"),
    "no database on MariaDB": (lambda: _mariadb(database="not_here"), "the server has no such database; create it"),
    "wrong password on MariaDB": (
        lambda: _mariadb(username="nobody_here", password="SECRET"),
        "the server refuses its user or password; correct them",
    ),
    "no folder": (lambda: "sqlite:////nowhere/at/all.db", "the file cannot be opened; make its folder"),
}


@pytest.mark.parametrize(("url", "sentence"), CAUSES.values(), ids=CAUSES)
def test_each_cause_has_its_own_remedy(url: Callable[[], str], sentence: str) -> None:
    host = make_host(url())

    with host.app.app_context(), pytest.raises(DatabaseUnreachable) as raised:
        host.check(NOON)

    assert f"cannot be used: {sentence}" in str(raised.value)
    assert "SECRET" not in str(raised.value)


def test_a_database_that_may_only_be_read_is_said_to_be_so_before_any_effect(tmp_path: Path) -> None:
    with running_host(f"sqlite:///{tmp_path}/shop.db") as host:
        host.trial()
        host.deliver(NOON - days(1))
    read_only = make_host(f"sqlite:///file:{tmp_path}/shop.db?mode=ro&uri=true")

    with read_only.app.app_context():
        with pytest.raises(DatabaseUnreachable, match="it is read-only; make it writable"):
            read_only.check(END)

        assert (read_only.kinds, read_only.operations) == ([], [])


def test_so_is_a_server_that_may_only_be_read(postgresql_url: str) -> None:
    with running_host(postgresql_url) as host:
        host.trial()
        host.deliver(NOON - days(1))
        name = host.db.engine.url.database
        host.db.session.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
        host.db.session.commit()
        host.db.session.remove()
        host.db.engine.dispose()

        with pytest.raises(DatabaseUnreachable, match="it is read-only"):
            host.check(END)

        assert (host.kinds, host.operations) == ([], [])


@contextmanager
def silent_server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("driver", ["postgresql+psycopg", "mysql+pymysql"])
def test_a_server_that_takes_connections_and_says_nothing_is_left_in_time(driver: str) -> None:
    with silent_server() as port:
        host = make_host(f"{driver}://127.0.0.1:{port}/shop", SUBS_DATABASE_TIMEOUT=0.3)

        with host.app.app_context(), pytest.raises(DatabaseUnreachable, match=r"did not answer within 0\.3 s"):
            host.check(NOON)
