"""Column types that mean the same on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator, TypeEngine

from ..domain.clock import UTC, as_instant
from ..errors import NaiveDatetime

MYSQL = ("mysql", "mariadb")

as_json = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode  # made once: it is needed for every row


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


class Json(TypeDecorator[Any]):
    """A JSON document kept as text, so that every database stores and compares it alike."""

    impl = Text()
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else as_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


BigId = BigInteger().with_variant(Integer(), "sqlite")


def key_text(length: int) -> TypeEngine[str]:
    """Return a string type that tells `a` from `A` on every database (MariaDB's default collation does not)."""
    return String(length).with_variant(String(length, collation="utf8mb4_bin"), *MYSQL)


def plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the type that a table is created with, free of this package's classes."""
    if isinstance(kind, Instant):
        from sqlalchemy.dialects import mysql  # 25 ms, which only an app that creates its tables needs to spend

        return DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), *MYSQL)
    return Text() if isinstance(kind, Json) else kind
