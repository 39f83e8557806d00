"""Fixtures for tests that need a host on a real database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from .hosts import Host, running_host
from .servers import DATABASES, Missing, database
from .stock import Stock

Lend = Callable[[str, Path], AbstractContextManager[str]]

# The same examples every time, however busy the machine; CI tries more of them.
hypothesis.settings.register_profile("here", derandomize=True, deadline=None, max_examples=30)
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, max_examples=150)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")

SLOW = (
    "tests/bench/",
    "tests/cli/test_database.py::test_a_copy_of_the_database_is_left_alone",
    "tests/cli/test_database.py::test_a_database_that_is_down_shows_an_operator_no_traceback",
    "tests/cli/test_database.py::test_with_an_older_schema_nothing_is_sent",
    "tests/cli/test_job.py",
    "tests/cli/test_names.py::test_every_error_names_the_command_that_was_typed",
    "tests/cli/test_reading.py::test_units_are_rendered_for_every_job",
    "tests/cli/test_stopping.py",
    "tests/cli/test_text.py",
    "tests/cli/test_unexpected.py",
    "tests/cli/test_usage.py::test_an_operators_mistake_shows_no_traceback",
    "tests/cli/test_verbs.py::test_a_verb_that_is_killed_has_changed_nothing_and_can_be_repeated",
    "tests/cli/test_verbs.py::test_what_a_verb_prints_may_go_into_a_pipe_that_is_closed",
    "tests/crash/",
    "tests/database/",
    "tests/docs/test_site.py",
    "tests/docs/test_start.py",
    "tests/docs/test_testing_page.py::test_every_snippet_runs_as_it_stands",
    "tests/examples/",
    "tests/jobs/test_trial_check.py::test_missed_days_collapse_into_the_most_urgent_reminder",
    "tests/jobs/test_trial_check.py::test_no_reminder_is_longer_than_the_trial_itself",
    "tests/jobs/test_trial_check.py::test_reminders_stay_at_nine_when_the_clocks_change",
    "tests/jobs/test_trial_check.py::test_three_hundred_runs_over_one_day_send_each_email_once",
    "tests/journeys/",
    "tests/mail/test_mime.py::test_the_same_email_is_the_same_bytes_in_another_process",
    "tests/mail/test_registry.py::test_a_module_loads_no_library_of_another",
    "tests/mail/test_smtp_verdicts.py",
    "tests/migrating/",
    "tests/models/test_character_sets.py",
    "tests/models/test_migrations.py",
    "tests/models/test_upgrade.py",
    "tests/outbox/test_away.py",
    "tests/outbox/test_cuts.py",
    "tests/outbox/test_contacts.py",
    "tests/outbox/test_gone.py::test_as_many_as_the_brake_allows_do_not_stop_it",
    "tests/outbox/test_gone.py::test_more_gone_accounts_than_the_brake_allows_stop_the_run_before_any_is_given_up",
    "tests/outbox/test_hook_sessions.py",
    "tests/outbox/test_outage.py",
    "tests/outbox/test_poison.py",
    "tests/outbox/test_send_emails.py::test_many_emails_all_go_in_one_run",
    "tests/outbox/test_senders.py",
    "tests/outside/test_adapters.py::test_asking_loads_no_library_of_an_adapter",
    "tests/outbox/test_snooze.py",
    "tests/plans/",
    "tests/runs/test_cuts.py",
    "tests/runs/test_report.py::test_a_run_with_more_failures_than_its_row_holds_is_recorded",
    "tests/runs/test_report.py::test_three_hundred_failures_of_one_run_are_recorded_on_every_database",
    "tests/runs/test_run.py::test_an_idle_run_loads_nothing_that_only_other_runs_need",
    "tests/runs/test_statements.py",
    "tests/schedules/systemd/test_analyze.py",
    "tests/schedules/systemd/test_command.py",
    "tests/schedules/systemd/test_lab.py",
    "tests/settings/test_values.py",
    "tests/test_extension.py::test_a_bind_that_is_not_declared_is_a_problem",
    "tests/test_extension.py::test_our_tables_live_in_the_database_of_their_bind",
    "tests/test_stock.py",
    "tests/wheel/",
)


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stock]:
    """What hosts are given databases from."""
    with closing(Stock(tmp_path_factory.mktemp("stock"))) as stock:
        yield stock


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, stock: Stock, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of each kind in turn: empty, or with our tables where the test has a host made."""
    with empty_database(request.param, tmp_path, stock.lend if "make" in request.fixturenames else database) as url:
        yield url


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, stock: Stock, tmp_path: Path) -> Iterator[str]:
    """The URL of such a SQLite database, for what no database can change."""
    lend = stock.lend if "make_on_sqlite" in request.fixturenames else database
    with empty_database("sqlite", tmp_path, lend) as url:
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
def empty_database(kind: str, folder: Path, lend: Lend = database) -> Iterator[str]:
    """Give the URL of a database; skip the test, or in CI fail it, where there is no server."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(lend(kind, folder))
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
