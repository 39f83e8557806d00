"""Compare our tables where Alembic does not look, so that an upgraded database is as a new one.

Alembic leaves alone which values a CHECK lets pass, AUTOINCREMENT on SQLite, and on MariaDB and MySQL the collation
that a column took from its table.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alembic import util
from alembic.autogenerate import comparators
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from sqlalchemy import CheckConstraint, Table, text

from ..models.base import MARK
from ..models.types import MYSQL
from .operations import KeepIds, OurTableOps, ReplaceCheck

# Alembic 1.18 and later order comparators by priority, older versions as they were registered.
LAST: Mapping[str, Any] = {"priority": util.DispatchPriority.LAST} if hasattr(util, "DispatchPriority") else {}

LISTING = re.compile(r"(\w+) IN \(.+\)")
VALUE = re.compile(r"'(\w+)")
COLLATIONS = text(
    "SELECT column_name, collation_name FROM information_schema.columns"
    " WHERE table_schema = coalesce(:schema, database()) AND table_name = :table AND collation_name IS NOT NULL"
)
CREATED_BY = text("SELECT sql FROM sqlite_master WHERE name = :table")


@comparators.dispatch_for("schema", **LAST)
def complete(context: AutogenContext, upgrade: ops.UpgradeOps, schemas: Collection[str | None]) -> None:
    """Add to the changes that Alembic found of our tables what it does not see."""
    for table in context.sorted_tables:
        schema = None if table.schema == context.inspector.default_schema_name else table.schema
        if MARK in table.info and schema in schemas and context.inspector.has_table(table.name, schema):
            found = [op for op in _altered_tables(upgrade) if (op.table_name, op.schema) == (table.name, schema)]
            changes = OurTableOps(table.name, [change for op in found for change in op.ops], schema=schema)
            Comparison(context, table, changes).complete()
            upgrade.ops[:] = [op for op in upgrade.ops if op not in found] + ([changes] if changes.ops else [])


def _altered_tables(upgrade: ops.UpgradeOps) -> Iterator[ops.ModifyTableOps]:
    return (op for op in upgrade.ops if isinstance(op, ops.ModifyTableOps))


@dataclass(frozen=True)
class Comparison:
    """One table as the models have it and as the database has it, and what is to be changed."""

    context: AutogenContext
    table: Table
    changes: OurTableOps

    def complete(self) -> None:
        self._name_the_types_of_all_databases()
        self.changes.ops += [*self._collations(), *self._checks(), *self._ids()]

    def _altered(self) -> Iterator[ops.AlterColumnOp]:
        return (op for op in self.changes.ops if isinstance(op, ops.AlterColumnOp))

    def _name_the_types_of_all_databases(self) -> None:
        # MariaDB is told the type again to drop a NOT NULL: by a migration from SQLite, INTEGER for our BIGINT.
        for op in self._altered():
            if op.modify_type is None:
                op.existing_type = self.table.c[op.column_name].type

    def _collations(self) -> Iterator[ops.AlterColumnOp]:
        if self.context.inspector.dialect.name not in MYSQL:
            return
        types = {c["name"]: c["type"] for c in self.context.inspector.get_columns(self.table.name, self.changes.schema)}
        altered = {op.column_name for op in self._altered()}
        for name, collation in self._read(COLLATIONS, schema=self.changes.schema, table=self.table.name):
            if name in self.table.c and name not in altered and self._wants_other(name, collation):
                column = self.table.c[name]
                yield ops.AlterColumnOp(
                    self.table.name,
                    name,
                    schema=self.changes.schema,
                    existing_type=types[name],
                    existing_nullable=column.nullable,
                    modify_type=column.type,
                )

    def _wants_other(self, name: str, collation: str) -> bool:
        kind = self.table.c[name].type.dialect_impl(self.context.inspector.dialect)
        return getattr(kind, "collation", None) not in (None, collation)

    def _checks(self) -> Iterator[ReplaceCheck]:
        wanted = {str(c.name): str(c.sqltext) for c in self.table.constraints if isinstance(c, CheckConstraint)}
        found = self.context.inspector.get_check_constraints(self.table.name, self.changes.schema)
        there = {str(check["name"]): check["sqltext"] for check in found}
        ours = wanted.keys() | {name for name in there if name.startswith(f"ck_{self.table.name}_")}
        for name in sorted(ours):
            old, new = there.get(name), wanted.get(name)
            if _values(old) != _values(new):
                yield ReplaceCheck(self.changes, name, _as_a_model_words_it(old, new), new)

    def _ids(self) -> Iterator[KeepIds]:
        if self._keeps_ids():
            return
        for key in self.table.primary_key.columns:
            yield KeepIds(
                self.table.name,
                key.name,
                schema=self.changes.schema,
                existing_type=key.type,
                existing_nullable=False,
            )

    def _keeps_ids(self) -> bool:
        if self.context.inspector.dialect.name != "sqlite" or not self.table.kwargs.get("sqlite_autoincrement"):
            return True
        return any("AUTOINCREMENT" in sql for (sql,) in self._read(CREATED_BY, table=self.table.name))

    def _read(self, statement: Any, **parameters: Any) -> Any:
        assert self.context.connection is not None, "autogenerate needs a database"
        return self.context.connection.execute(statement, parameters).all()


def _values(condition: str | None) -> list[str] | None:
    # Every database words a condition in its own way; the values it names are the same.
    return None if condition is None else sorted(VALUE.findall(condition))


def _as_a_model_words_it(old: str | None, new: str | None) -> str | None:
    listing = LISTING.fullmatch(new or "")
    if old is None or listing is None:
        return old
    return "{} IN ({})".format(listing[1], ", ".join(f"'{value}'" for value in VALUE.findall(old)))
