"""What Python says about one subscription, said in SQL about a chunk of them: its audit, its effects, its next state.

The rules are `models.audit.chained` and, in `outbox.effects`, the functions of the same names as here; a test holds
both equal. Each statement is built once and joins the rows that are given to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Insert,
    Integer,
    Select,
    String,
    Subquery,
    Update,
    bindparam,
    exists,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.types import TypeEngine

from ..domain.emails import email_kind
from ..domain.states import WorkspaceWish
from ..models import AuditEntry, OutboxMessage, Subscription
from ..models.functions import json_object, json_text, number, sha256, to_text
from ..models.given import given, matched, updating
from ..models.types import MYSQL, BigId, Instant, Json
from ..outbox.effects import EMAIL, STATED_FACTS, STATED_INSTANTS, WORKSPACES

Columns = Mapping[str, ColumnElement[Any]]
Types = Mapping[str, TypeEngine[Any]]

SUBSCRIPTIONS: Any = Subscription.__table__
AUDIT: Any = AuditEntry.__table__
OUTBOX: Any = OutboxMessage.__table__
ROW = SUBSCRIPTIONS.c
SUBJECT = literal("sub-") + number(ROW.id)

LOCKED: Types = {"id": BigId, "version": Integer()}
REMINDED: Types = {"id": BigId, "reminder_due_at": Instant(), "days": Integer(), "send_at": Instant()}


@dataclass(frozen=True)
class Queueing:
    """How the effects of a chunk are queued: `insert` stores the new ones, `new` selects their keys beforehand."""

    insert: Insert
    new: Select[Any]


@lru_cache(maxsize=64)
def change(dialect: str, names: tuple[str, ...]) -> Update:
    """Return what writes these columns, the next version and the hash of its audit entry.

    Of that entry the parameters `at_json` and `rest_json` hold what is the same for all.
    """
    new = given(dialect, LOCKED)
    version = new.c.version + 1
    told = {ROW[name]: bindparam(f"new_{name}", type_=ROW[name].type) for name in names}
    next_one = {ROW.version: version, ROW.audit_hash: _chained(dialect, version)}
    return updating(dialect, SUBSCRIPTIONS, new).where(ROW.version == new.c.version).values({**told, **next_one})


@lru_cache
def audit(dialect: str) -> Insert:
    """Return what writes the entry of each row's newest version."""
    own = {"account_id": ROW.account_id, "subscription_id": ROW.id, "version": ROW.version, "hash": ROW.audit_hash}
    alike = ("at", "from_status", "to_status", "cause", "actor", "run_id", "details")
    entry = {**own, **{name: bindparam(name, type_=AUDIT.c[name].type) for name in alike}}
    return insert(AUDIT).from_select(list(entry), _select(dialect, given(dialect, LOCKED), entry))


@lru_cache
def look_again(dialect: str) -> Update:
    """Return what writes when reminders are due next."""
    new = given(dialect, REMINDED)
    return updating(dialect, SUBSCRIPTIONS, new).values({ROW.reminder_due_at: new.c.reminder_due_at})


@lru_cache
def reminder(dialect: str, kind: str) -> Queueing:
    """Return what queues an email for each row that is given `days`; they end its key and stand in its details."""
    new = given(dialect, REMINDED)
    row = {**_email(dialect, kind, {"days": new.c.days}), "due_at": new.c.send_at}
    return _queueing(dialect, row, _select(dialect, new, row).where(new.c.days.is_not(None)))


@lru_cache
def email(dialect: str, kind: str) -> Queueing:
    """Return what queues an email that states the subscription."""
    row = _email(dialect, kind, {})
    return _queueing(dialect, row, _select(dialect, given(dialect, LOCKED), row))


@lru_cache
def operation(dialect: str, wish: WorkspaceWish) -> Queueing:
    """Return what queues what is to happen to the accounts' workspaces; the parameter `details` says why."""
    own = {"lane": ROW.account_id, "details": bindparam("details", type_=Json)}
    row = {**_effect(wish.value, WORKSPACES), **own, "effect_key": _key(wish.value, number(ROW.version))}
    return _queueing(dialect, row, _select(dialect, given(dialect, LOCKED), row))


def _chained(dialect: str, version: ColumnElement[int]) -> ColumnElement[str]:
    previous = func.coalesce('"' + ROW.audit_hash + '"', "null")
    at, rest = bindparam("at_json", type_=String), bindparam("rest_json", type_=String)
    account = json_text(dialect, ROW.account_id)
    return sha256(dialect, "[" + _joined(", ", previous, at, account, number(version), rest) + "]")


def _email(dialect: str, kind: str, steps: Columns) -> Columns:
    key = _key(kind, _stamp(dialect, kind), *map(number, steps.values()))
    numbers = {name: number(ROW[name]) for name in STATED_FACTS if isinstance(ROW[name].type, Integer)}
    texts = {name: json_text(dialect, ROW[name]) for name in STATED_FACTS if name not in numbers}
    instants = {name: '"' + to_text(dialect, ROW[name]) + '"' for name in STATED_INSTANTS}
    details = {**texts, **numbers, **instants, **{name: number(value) for name, value in steps.items()}}
    return {**_effect(kind, EMAIL), "effect_key": key, "details": json_object(details)}


def _effect(kind: str, channel: str) -> Columns:
    now = bindparam("now", type_=Instant)
    what = {"channel": literal(channel), "kind": literal(kind), "subject": SUBJECT, "due_at": now, "created_at": now}
    return {**what, "account_id": ROW.account_id, "subscription_id": ROW.id, "product": ROW.product}


def _key(kind: str, *facts: ColumnElement[str]) -> ColumnElement[str]:
    return _joined(":", literal(kind.replace("_", "-")), SUBJECT, *facts)


def _stamp(dialect: str, kind: str) -> ColumnElement[str]:
    version, day_of = number(ROW.version), email_kind(kind).keyed_by
    return func.coalesce(func.substr(to_text(dialect, ROW[day_of]), 1, 10), version) if day_of else version


def _joined(mark: str, first: ColumnElement[str], *others: ColumnElement[str]) -> ColumnElement[str]:
    for other in others:
        first = first + mark + other
    return first


def _select(dialect: str, new: Subquery, row: Columns) -> Select[Any]:
    return matched(dialect, select(*(value.label(name) for name, value in row.items())), new, SUBSCRIPTIONS)


def _queueing(dialect: str, row: Columns, rows: Select[Any]) -> Queueing:
    new = rows.where(~exists().where(OUTBOX.c.effect_key == row["effect_key"]))
    keys = new.with_only_columns(ROW.id, row["effect_key"].label("effect_key"))
    if dialect in MYSQL:  # has no way to pass over the keys that are there, and nothing else
        return Queueing(insert(OUTBOX).from_select(list(row), new), keys)
    stored = import_module(f"sqlalchemy.dialects.{dialect}").insert(OUTBOX).from_select(list(row), rows)
    return Queueing(stored.on_conflict_do_nothing(index_elements=["effect_key"]), keys)
