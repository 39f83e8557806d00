"""Functions that databases compute with, as each of them spells it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import ColumnElement, String, Text, cast, func, literal, literal_column

from .types import MYSQL, as_json

SHA256 = "subs_sha256"  # SQLite has none: our connections teach it this one
ESCAPED = ("\\", '"', *map(chr, range(1, 32)))  # in a JSON text


def to_text(dialect: str, instant: ColumnElement[Any]) -> ColumnElement[str]:
    """Return an instant as `domain.clock.to_text` writes it."""
    text: ColumnElement[str]
    if dialect == "postgresql":
        text = func.to_char(func.timezone("UTC", instant), _constant('YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    elif dialect == "sqlite":
        digits = func.ltrim(func.substr(cast(instant, Text), 20), ".", type_=String()) + "000000"
        seconds = func.strftime(_constant("%Y-%m-%dT%H:%M:%S."), instant, type_=String())
        text = seconds + func.substr(digits, 1, 6, type_=String()) + "Z"
    else:
        text = func.date_format(instant, _constant("%Y-%m-%dT%H:%i:%s.%fZ"))
    return func.replace(text, ".000000Z", "Z", type_=String())


def number(value: ColumnElement[int]) -> ColumnElement[str]:
    """Return a whole number as text."""
    return cast(value, String(20))


def json_object(members: Mapping[str, ColumnElement[str]]) -> ColumnElement[str]:
    """Return a JSON document of members that are JSON themselves; one that is NULL is left out."""
    written = (func.coalesce(f', "{name}": ' + value, "", type_=Text()) for name, value in members.items())
    return literal("{") + func.substr(reduce(add, written), 3, type_=Text()) + "}"


def json_text(dialect: str, value: ColumnElement[str]) -> ColumnElement[str]:
    """Return a text as JSON, spelled as `as_json` spells it."""
    if dialect == "postgresql":
        return cast(func.to_json(cast(value, Text)), Text)
    if dialect == "sqlite":
        return func.json_quote(value, type_=Text())
    for mark in ESCAPED:
        value = func.replace(value, mark, as_json(mark)[1:-1], type_=Text())
    return literal('"') + value + literal('"')


def sha256(dialect: str, value: ColumnElement[str]) -> ColumnElement[str]:
    """Return the hash of a text's UTF-8, in hexadecimal digits."""
    if dialect == "postgresql":
        return func.encode(func.sha256(func.convert_to(value, _constant("UTF8"))), _constant("hex"), type_=String())
    if dialect in MYSQL:
        return func.sha2(value, 256, type_=String())
    hashed: ColumnElement[str] = getattr(func, SHA256)(value, type_=String())
    return hashed


def sha256_of(value: str) -> str:
    """Return what `sha256` does, for databases that are taught it."""
    return hashlib.sha256(value.encode()).hexdigest()


def _constant(value: str) -> ColumnElement[str]:
    return literal_column("'{}'".format(value.replace("'", "''")), String())
