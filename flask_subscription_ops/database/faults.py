"""What an error of the database means, said without anything that was stored in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import URL, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from ..errors import DatabaseUnreachable

# PostgreSQL: serialization_failure, deadlock_detected, lock_not_available. MySQL and MariaDB: lock wait timeout,
# deadlock, record has changed, NOWAIT.
CONTENTION_CODES = {"40001", "40P01", "55P03", 1205, 1213, 1020, 3572}
CONTENTION = re.compile(r"database (table )?is locked|database schema is locked")  # SQLite
LANE = "lane_in_flight"

URI = "SQLALCHEMY_DATABASE_URI"

# How the drivers say it (code or words), what that means, and the remedy. The words are those of libpq and SQLite,
# which give no code for what happens before there is a session.
MEANINGS: tuple[tuple[set[Any], str, str, str], ...] = (
    (
        {"28P01", "28000", 1045, 1698},
        "password authentication failed|no password supplied|no pg_hba.conf entry",
        "the server refuses its user or password",
        f"correct them in {URI}",
    ),
    (set(), 'role ".*" does not exist', "there is no such user", f"create the role, or correct {URI}"),
    (
        {"3D000", 1049},
        'database ".*" does not exist',
        "the server has no such database",
        f"create it, or correct {URI}",
    ),
    (
        {2002, 2003, 2005},
        "refused|Is the server running|could not translate host name|failed to resolve host|Name or service not known",
        "no server answers at that address",
        f"start it or correct {URI}",
    ),
    (
        {"53300", 1040, 1203},
        "too many clients|too many connections|remaining connection slots",
        "it has no connection left",
        "raise its limit, or lower pool_size of the app's processes",
    ),
    (
        {"25006", 1290, 1792, 1836},
        "readonly database|read-only",
        "it is read-only",
        "make it writable for this user, or connect to the primary server",
    ),
    (
        {"42501", 1044, 1142, 1143},
        "permission denied",
        "its user may not do that",
        "grant the user reading and writing of the subs_ tables",
    ),
    (set(), "unable to open database file", "the file cannot be opened", f"make its folder, or correct {URI}"),
    (set(), "file is not a database", "file is not a database", f"restore it, or correct {URI}"),
    (set(), "disk is full|disk I/O error", "its disk is full or failing", "make room, or mend the disk"),
)


def as_sqlalchemy(error: Exception, engine: Engine) -> Exception:
    """Return an error that the driver raised by itself as SQLAlchemy tells it, and any other as it is."""
    drivers = engine.dialect.loaded_dbapi.Error
    if not isinstance(error, drivers):
        return error
    return DBAPIError.instance(None, None, error, drivers, dialect=engine.dialect)


def is_contention(error: DBAPIError) -> bool:
    """Tell whether the statement failed only because another worker was there at the same time."""
    if isinstance(error, IntegrityError):
        return LANE in str(error.orig)
    return bool(_codes(error) & CONTENTION_CODES) or bool(CONTENTION.search(str(error.orig)))


def is_unusable(error: DBAPIError) -> bool:
    """Tell whether the database as a whole is at fault, and not the values that it was given."""
    return not isinstance(error, (IntegrityError, DataError))


def unreachable(engine: Engine, error: DBAPIError) -> DatabaseUnreachable:
    """Say why a database cannot be used, and what to do."""
    what, remedy = _meaning(error)
    return DatabaseUnreachable(f"the database {shown(engine.url)} cannot be used: {what}; {remedy}, then run it again")


def unanswered(engine: Engine, seconds: float) -> DatabaseUnreachable:
    """Say that a database did not answer in time."""
    return DatabaseUnreachable(
        f"the database {shown(engine.url)} did not answer within {seconds:g} s (SUBS_DATABASE_TIMEOUT):"
        " look at its load, its locks and the network, then run it again"
    )


def lost(engine: Engine) -> DatabaseUnreachable:
    """Say that the database ended a connection."""
    return DatabaseUnreachable(f"the connection to the database {shown(engine.url)} was lost: run it again")


def name_of(error: DBAPIError) -> str:
    """Name an error by its class and code alone: its text may repeat what was stored."""
    codes = sorted(str(code) for code in _codes(error) if code)
    return f"{type(error.orig).__name__}{f' {codes[0]}' if codes else ''}"


def shown(url: URL) -> str:
    """Return a database's address: no user, no password and no option, some of which are secrets."""
    safe = URL.create(url.drivername, host=url.host, port=url.port, database=url.database)
    return safe.render_as_string()


def _meaning(error: DBAPIError) -> tuple[str, str]:
    if is_contention(error):
        return "it is locked by another process", "let that end, or raise SUBS_DATABASE_TIMEOUT"
    codes, text = _codes(error), str(error.orig)
    for known, words, what, remedy in MEANINGS:
        if codes & set(known) or re.search(words, text):
            return what, remedy
    return name_of(error), f"look at the server and its log, start it or correct {URI}"


def _codes(error: DBAPIError) -> set[Any]:
    read: Callable[[str], Any] = lambda name: getattr(error.orig, name, None)  # noqa: E731
    first = getattr(error.orig, "args", ())[:1]
    numbers = {code for code in first if isinstance(code, int)}
    return {read("sqlstate"), read("pgcode"), read("sqlite_errorname"), *numbers} - {None}
