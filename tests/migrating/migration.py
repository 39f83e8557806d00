"""A migration as `flask db migrate` writes it, written and run in this process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Engine, MetaData
from sqlalchemy.dialects import mysql, postgresql


@dataclass(frozen=True)
class Migration:
    """What is to be run to go up and to go down again."""

    up: str
    down: str

    def upgrade(self, engine: Engine) -> None:
        _run(engine, self.up)

    def downgrade(self, engine: Engine) -> None:
        _run(engine, self.down)


def migrate(engine: Engine, metadata: MetaData, *, in_batch: bool = True, **options: Any) -> Migration:
    """Write the migration from a database to metadata, with the options of Flask-Migrate."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, **options})
        script = produce_migrations(context, metadata)
        up, down = [
            "" if not ops or ops.is_empty() else render_python_code(ops, render_as_batch=in_batch)
            for ops in (script.upgrade_ops, script.downgrade_ops)
        ]
    return Migration(str(up), str(down))


def _run(engine: Engine, body: str) -> None:
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        exec(f"if True:\n    {body}\n    pass", {"op": op, "sa": sa, "mysql": mysql, "postgresql": postgresql})
