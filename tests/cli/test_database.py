from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from ..hosts import NOON, Host, days, make_host
from ..runs.test_run import KEYS
from .conftest import Shop, start_trials
from .test_usage import run

COMMANDS = [
    ("trial-check",),
    ("deliver", "--json"),
    ("trial-check", "--dry-run"),
    ("status",),
    ("list",),
    ("extend", "1", "7"),
    ("cancel", "1"),
    ("show", "1"),
    ("audit",),
    ("audit", "--verify"),
    ("outbox", "list"),
    ("outbox", "retry"),
    ("deployment", "show"),
    ("deployment", "adopt"),
]
AT_THE_END = (NOON + days(14)).isoformat()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_database_that_is_down_ends_every_command_with_three(words: tuple[str, ...]) -> None:
    host = make_host("postgresql+psycopg://someone:s3cret@127.0.0.1:1/nowhere")

    result = run(host, *words)

    assert result.exit_code == 3
    assert_nothing_but_a_failed_report(result.stdout)
    assert result.stderr.startswith("Error: the database postgresql+psycopg://127.0.0.1:1/nowhere cannot be used")
    assert "s3cret" not in result.stderr
    assert "someone" not in result.stderr


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_without_its_tables_every_command_ends_with_three_and_names_the_remedy(
    sqlite_url: str, words: tuple[str, ...]
) -> None:
    result = run(make_host(sqlite_url), *words)

    assert result.exit_code == 3
    assert_nothing_but_a_failed_report(result.stdout)
    assert "run `flask db upgrade`" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_file_that_is_no_database_ends_every_command_with_three(tmp_path: object, words: tuple[str, ...]) -> None:
    file = tmp_path / "notes.txt"  # type: ignore[operator]
    file.write_text("not a database, but long enough to be looked at as one\n" * 100)

    result = run(make_host(f"sqlite:///{file}"), *words)

    assert result.exit_code == 3
    assert_nothing_but_a_failed_report(result.stdout)
    assert "file is not a database" in result.stderr


def test_with_an_older_schema_nothing_is_sent(shop: Shop, books: Host) -> None:
    start_trials(books, 3)
    books.db.session.execute(text("ALTER TABLE subs_subscriptions DROP COLUMN usage_limit"))
    books.db.session.commit()

    results = [shop.subs(job, "--as-of", AT_THE_END) for job in ("trial-check", "deliver")]

    assert [(result.returncode, result.stdout) for result in results] == [(3, "")] * 2
    assert "subs_subscriptions.usage_limit: run `flask db upgrade`" in results[0].stderr
    assert "Traceback" not in results[0].stderr + results[1].stderr
    assert shop.sent == 0


def test_a_database_that_is_down_shows_an_operator_no_traceback(shop: Shop) -> None:
    shop.database = "mysql+pymysql://someone:s3cret@127.0.0.1:1/nowhere"

    result = shop.subs("trial-check", "--json")

    assert result.returncode == 3
    assert_nothing_but_a_failed_report(result.stdout)
    assert "Traceback" not in result.stderr
    assert "start it or correct SQLALCHEMY_DATABASE_URI" in result.stderr


def test_a_copy_of_the_database_is_left_alone(shop: Shop, books: Host) -> None:
    start_trials(books, 3)
    books.deliver(NOON - days(1))
    shop.config["SUBS_DEPLOYMENT"] = "staging"

    result = shop.subs("trial-check", "--as-of", AT_THE_END)
    as_json = shop.subs("trial-check", "--as-of", AT_THE_END, "--json")

    assert (result.returncode, as_json.returncode, shop.sent) == (4, 4, 0)
    assert result.stderr.splitlines()[-2:] == [
        "on a copy: flask subs deployment adopt --drop-effects",
        "where the name was changed: flask subs deployment adopt",
    ]
    assert json.loads(as_json.stdout)["outcome"] == "stopped"
    assert books.db.session.execute(text("SELECT count(*) FROM subs_job_runs")).scalar_one() == 1


def assert_nothing_but_a_failed_report(stdout: str) -> None:
    """With --json there is an object even then; without it stdout is empty."""
    if stdout:
        report = json.loads(stdout)
        assert set(report) == {*KEYS, "error"}
        assert (report["outcome"], report["run"], report["changed"]) == ("failed", None, 0)
