"""The upgrade from the first release, with many customers."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from ..conftest import empty_database
from ..models.old_app import OldApp, go_on
from ..servers import DATABASES

SIZES = {"sqlite": 19_900, "postgresql": 100_000, "mariadb": 19_900}  # the most where production is


@pytest.mark.parametrize("kind", DATABASES)
def test_many_customers_are_upgraded_served_and_taken_back(kind: str, tmp_path: Path) -> None:
    with empty_database(kind, tmp_path) as url:
        app = OldApp(tmp_path, url, SIZES[kind])
        old, files = app.counts(), _files(app)

        app.upgrade()
        assert app.counts() == old
        assert _files(app) == files, "PostgreSQL wrote a table anew"

        go_on(app)
        new = app.counts()
        app.flask("db", "downgrade")
        app.flask("db", "upgrade")
        assert app.counts() == new
        assert new["subs_subscriptions"] == SIZES[kind]


def _files(app: OldApp) -> list[str]:
    """Return the names of the files that PostgreSQL keeps our tables in: a rewritten table gets another one."""
    if app.kind != "postgresql":
        return []
    statement = text(
        "SELECT pg_relation_filepath(oid) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'subs_%' ORDER BY relname"
    )
    with app.connection() as connection:
        return list(connection.scalars(statement))
