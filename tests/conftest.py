"""Fixtures for tests that need a host on a real database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from .hosts import Host, running_host
from .servers import DATABASES, Missing, database

# In CI every run tries the same examples, and a busy machine is no fault.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI") == "true":
    hypothesis.settings.load_profile("ci")

SLOW = (
    "tests/crash/",
    "tests/database/",
    "tests/examples/",
    "tests/journeys/",
    "tests/cli/test_text.py",
    "tests/docs/test_start.py",
    "tests/mail/test_smtp_verdicts.py",
    "tests/models/test_character_sets.py",
    "tests/models/test_migrations.py",
    "tests/models/test_upgrade.py",
    "tests/outbox/test_outage.py",
    "tests/outbox/test_poison.py",
    "tests/plans/",
    "tests/migrating/",
    "tests/runs/test_statements.py",
    "tests/settings/test_values.py",
    "tests/schedules/systemd/test_analyze.py",
    "tests/schedules/systemd/test_lab.py",
    "tests/wheel/",
)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, of each kind in turn."""
    with empty_database(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> Iterator[str]:
    """The URL of an empty SQLite database, for what no database can change."""
    with empty_database("sqlite", tmp_path) as url:
        yield url


@pytest.fixture
def make(database_url: str) -> Iterator[Callable[..., Host]]:
    """Make a host on each kind of database, with the configuration that a test gives."""
    with ExitStack() as stack:
        yield lambda **config: stack.enter_context(running_host(database_url, **config))


@pytest.fixture
def host(make: Callable[..., Host]) -> Host:
    """The usual host, on each kind of database in turn."""
    return make()


@pytest.fixture
def make_on_sqlite(sqlite_url: str) -> Iterator[Callable[..., Host]]:
    with ExitStack() as stack:
        yield lambda **config: stack.enter_context(running_host(sqlite_url, **config))


@pytest.fixture
def sqlite_host(make_on_sqlite: Callable[..., Host]) -> Host:
    """The usual host on SQLite."""
    return make_on_sqlite()


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """Keep pytest-flask from pushing a context around each test: it would hide what fails without one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long, by where it stands."""
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker(pytest.mark.slow)


@contextmanager
def empty_database(kind: str, folder: Path) -> Iterator[str]:
    """Give the URL of an empty database; skip the test, or in CI fail it, where there is no server."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(database(kind, folder))
        except Missing as missing:
            if os.environ.get("CI") == "true":
                pytest.fail(str(missing))
            pytest.skip(str(missing))
        yield url


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one line what was skipped, and why."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = sorted({report.longrepr[2].removeprefix("Skipped: ") for report in skipped})
    if reasons:
        terminalreporter.write_line(f"{len(skipped)} not run: {'; '.join(reasons)}")
