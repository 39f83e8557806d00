"""What `flask db migrate` writes about our tables beside what Alembic compares by itself.

Alembic leaves CHECK constraints and SQLite's AUTOINCREMENT alone: an upgraded database would keep the old ones.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from alembic import util
from alembic.autogenerate import comparators, renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from sqlalchemy import CheckConstraint, Table, text

from .models.base import MARK

# Alembic 1.18 and later order comparators by priority, older versions as they were registered.
LAST: Mapping[str, Any] = {"priority": util.DispatchPriority.LAST} if hasattr(util, "DispatchPriority") else {}
LISTING = re.compile(r"(\w+) IN \(.+\)")
VALUE = re.compile(r"'(\w+)")


class OurTableOps(ops.ModifyTableOps):
    """Changes of one of our tables; where SQLite copies it to make them, its ids are still never used again."""

    def reverse(self) -> OurTableOps:
        return OurTableOps(self.table_name, super().reverse().ops, schema=self.schema)


class ReplaceCheck(ops.MigrateOperation):
    """Another condition under a CHECK's name; None where there was, or will be, no such constraint."""

    def __init__(self, table: Table, name: str, old: str | None, new: str | None) -> None:
        self.table, self.name, self.old, self.new = table, name, old, new

    def reverse(self) -> ReplaceCheck:
        return ReplaceCheck(self.table, self.name, self.new, self.old)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return ("replace_check", self.name, self.old, self.new)


@comparators.dispatch_for("schema", **LAST)
def complete(context: AutogenContext, upgrade: ops.UpgradeOps, schemas: Collection[str | None]) -> None:
    """Add what Alembic does not see to the changes that it found of our tables."""
    for table in context.sorted_tables:
        schema = None if table.schema == context.inspector.default_schema_name else table.schema
        if MARK in table.info and schema in schemas and context.inspector.has_table(table.name, schema):
            _complete(context, upgrade, table, schema)


def _complete(context: AutogenContext, upgrade: ops.UpgradeOps, table: Table, schema: str | None) -> None:
    found = [op for op in upgrade.ops if isinstance(op, ops.ModifyTableOps)]
    found = [op for op in found if (op.table_name, op.schema) == (table.name, schema)]
    changes = OurTableOps(table.name, [change for op in found for change in op.ops], schema=schema)
    _name_the_types_of_all_databases(changes, table)
    changes.ops += [*_checks(context, table, schema), *_ids(context, table, schema)]
    upgrade.ops[:] = [op for op in upgrade.ops if op not in found]
    if changes.ops:
        upgrade.ops.append(changes)


def _name_the_types_of_all_databases(changes: OurTableOps, table: Table) -> None:
    # MariaDB states the type anew when it drops a NOT NULL: a migration written on SQLite would narrow a BIGINT there.
    for op in changes.ops:
        if isinstance(op, ops.AlterColumnOp) and op.modify_type is None:
            op.existing_type = table.c[op.column_name].type


def _checks(context: AutogenContext, table: Table, schema: str | None) -> Iterator[ReplaceCheck]:
    wanted = {str(c.name): str(c.sqltext) for c in table.constraints if isinstance(c, CheckConstraint)}
    there = {str(c["name"]): c["sqltext"] for c in context.inspector.get_check_constraints(table.name, schema)}
    ours = wanted.keys() | {name for name in there if name.startswith(f"ck_{table.name}_")}
    for name in sorted(ours):
        old, new = there.get(name), wanted.get(name)
        if _values(old) != _values(new):
            yield ReplaceCheck(table, name, _as_a_model_words_it(old, new), new)


def _values(condition: str | None) -> list[str] | None:
    # Every database words a condition in its own way; the values it names are the same.
    return None if condition is None else sorted(VALUE.findall(condition))


def _as_a_model_words_it(old: str | None, new: str | None) -> str | None:
    listing = LISTING.fullmatch(new or "")
    if old is None or listing is None:
        return old
    return "{} IN ({})".format(listing[1], ", ".join(f"'{value}'" for value in VALUE.findall(old)))


def _ids(context: AutogenContext, table: Table, schema: str | None) -> Iterator[ops.AlterColumnOp]:
    """Yield a change that changes nothing but makes SQLite copy a table whose ids can be used again."""
    if not _ids_return(context, table, schema):
        return
    for key in table.primary_key.columns:
        yield ops.AlterColumnOp(
            table.name,
            key.name,
            schema=schema,
            existing_type=key.type,
            existing_nullable=False,
            autoincrement=True,
        )


def _ids_return(context: AutogenContext, table: Table, schema: str | None) -> bool:
    if context.inspector.dialect.name != "sqlite" or not table.dialect_kwargs.get("sqlite_autoincrement"):
        return False
    master = f'"{schema}".sqlite_master' if schema else "sqlite_master"
    statement = text(f"SELECT sql FROM {master} WHERE name = :name")  # noqa: S608  # the schema of our tables
    assert context.connection is not None, "autogenerate reads a database"
    return "AUTOINCREMENT" not in str(context.connection.scalar(statement, {"name": table.name}))


@renderers.dispatch_for(OurTableOps)
def _render_table(context: AutogenContext, op: OurTableOps) -> list[str]:
    lines: list[str] = renderers.dispatch(ops.ModifyTableOps)(context, op)
    keeping_ids = "table_kwargs={'sqlite_autoincrement': True}"
    return [line.replace(") as batch_op:", f", {keeping_ids}) as batch_op:") for line in lines]


@renderers.dispatch_for(ReplaceCheck)
def _render_check(context: AutogenContext, op: ReplaceCheck) -> list[str]:
    batch = context.opts.get("render_as_batch")
    prefix = "batch_op." if batch else context.opts["alembic_module_prefix"]
    name, table = f"{prefix}f({op.name!r})", "" if batch else f", {op.table.name!r}"
    schema = "" if batch or op.table.schema is None else f", schema={op.table.schema!r}"
    drop = f"{prefix}drop_constraint({name}{table}{schema}, type_='check')"
    create = f"{prefix}create_check_constraint({name}{table}, {op.new!r}{schema})"
    return [*([drop] if op.old else []), *([create] if op.new else [])]
