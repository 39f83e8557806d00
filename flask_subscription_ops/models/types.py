"""Column types that mean the same on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import BigInteger, DateTime, Integer, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator, TypeEngine

from ..domain.clock import UTC, as_instant
from ..errors import InvalidInput, NaiveDatetime
from ..outside.text import is_storable, redacted

MYSQL = ("mysql", "mariadb")
BINARY = "utf8mb4_bin"  # every character, and `a` is not `A`

# Made once: it is needed for every row.
as_json = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False).encode


class NaiveParameter(NaiveDatetime, DontWrapMixin):
    """A statement was given a datetime without a zone; SQLAlchemy passes it on as it is."""


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime with microseconds; a naive one raises NaiveDatetime before it reaches the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        try:
            instant = as_instant(value)
        except NaiveDatetime as error:
            raise NaiveParameter(str(error)) from None
        return instant if dialect.name == "postgresql" else instant.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class UnstorableParameter(InvalidInput, DontWrapMixin):
    """A statement was given a text or document that no database keeps; SQLAlchemy passes it on as it is."""


class Key(TypeDecorator[str]):
    """A text that rows are found by: it tells `a` from `A` on every database, and refuses what none can store."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or (isinstance(value, str) and is_storable(value)):
            return value
        raise UnstorableParameter("a key must be a string without NUL and without half characters (surrogates)")


class ErrorText(TypeDecorator[str]):
    """What somebody else said went wrong: one line, cut for people, without mailboxes, whatever is written into it."""

    impl = Text()
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        return None if value is None else redacted(value)


@dataclass(frozen=True)
class Unreadable:
    """Stands for a stored document that is no JSON: it was cut or changed by something else."""

    text: str

    def __str__(self) -> str:
        return f"unreadable, {len(self.text)} characters"


class Json(TypeDecorator[Any]):
    """A JSON document kept as text, so that every database stores and compares it alike.

    What could not be read back raises InvalidInput; a stored text that is no JSON is read as Unreadable.
    """

    impl = Text()
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        try:
            text = as_json(value)
            text.encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise UnstorableParameter(f"a document cannot be kept as JSON: {redacted(type(error).__name__)}") from None
        return text

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        try:
            return json.loads(value, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return Unreadable(value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def key_text(length: int) -> Key:
    """Return the type of a key of at most so many characters."""
    return Key(length)


BigId = BigInteger().with_variant(Integer(), "sqlite")


def plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return a type that stores the same, free of this package's classes."""
    if isinstance(kind, (Json, ErrorText, Text)):
        return Text()
    if isinstance(kind, Instant):
        return DateTime(timezone=True)
    if isinstance(kind, (Key, String)):
        return String(kind.length)
    return kind


def on_mysql(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return a plain type that says what MariaDB and MySQL are to make of it.

    Every text is utf8mb4, whatever the database's default, and a long one has room for 4 GB.
    """
    from sqlalchemy.dialects import mysql  # 8 ms, which only an app that creates or migrates its tables needs to spend

    if isinstance(kind, Text):
        return Text().with_variant(mysql.LONGTEXT(collation=BINARY), *MYSQL)
    if isinstance(kind, DateTime):
        return DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), *MYSQL)
    if isinstance(kind, String):
        return String(kind.length).with_variant(String(kind.length, collation=BINARY), *MYSQL)
    return kind
