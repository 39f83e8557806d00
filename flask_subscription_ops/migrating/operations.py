"""Changes of our tables that Alembic has no operation for, and how a migration writes them."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops


class OurTableOps(ops.ModifyTableOps):
    """The changes of one table; where SQLite copies it to make them, its ids are still never used again."""

    def reverse(self) -> OurTableOps:
        return OurTableOps(self.table_name, super().reverse().ops, schema=self.schema)


class KeepIds(ops.AlterColumnOp):
    """Nothing new about a key, which makes SQLite copy the table all the same, into one that keeps its ids."""

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return ("keep_ids", self.schema, self.table_name)


class ReplaceCheck(ops.MigrateOperation):
    """Another condition under a CHECK's name; None where there was, or will be, no such constraint."""

    def __init__(self, changes: OurTableOps, name: str, old: str | None, new: str | None) -> None:
        self.changes, self.name, self.old, self.new = changes, name, old, new

    def reverse(self) -> ReplaceCheck:
        return ReplaceCheck(self.changes, self.name, self.new, self.old)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return ("replace_check", self.changes.schema, self.changes.table_name, self.name, self.old, self.new)


@renderers.dispatch_for(OurTableOps)
def render_table(context: AutogenContext, op: OurTableOps) -> list[str]:
    """Write the changes as Alembic does; the option speaks to SQLite alone."""
    lines: list[str] = renderers.dispatch(ops.ModifyTableOps)(context, op)
    keeping_ids = "table_kwargs={'sqlite_autoincrement': True}"
    return [line.replace(") as batch_op:", f", {keeping_ids}) as batch_op:") for line in lines]


@renderers.dispatch_for(ReplaceCheck)
def render_check(context: AutogenContext, op: ReplaceCheck) -> list[str]:
    """Write the constraint's end and its new beginning."""
    in_batch = context.opts.get("render_as_batch")
    prefix = "batch_op." if in_batch else context.opts["alembic_module_prefix"]
    table = "" if in_batch else f", {op.changes.table_name!r}"
    schema = "" if in_batch or op.changes.schema is None else f", schema={op.changes.schema!r}"
    name = f"{prefix}f({op.name!r})"
    drop = f"{prefix}drop_constraint({name}{table}, type_='check'{schema})"
    create = f"{prefix}create_check_constraint({name}{table}, {op.new!r}{schema})"
    return [*([drop] if op.old else []), *([create] if op.new else [])]
