"""Whatever the database refuses, nothing of what it was given is printed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from ..hosts import NOON, Host, days
from .test_usage import run

CANARY = "canary-4711"
AT_THE_END = (NOON + days(14)).isoformat()
COMMANDS = [
    ("trial-check", "--as-of", AT_THE_END),
    ("trial-check", "--as-of", AT_THE_END, "--json"),
    ("trial-check", "--as-of", AT_THE_END, "--dry-run", "--no-deliver", "--json"),
    ("deliver", "--as-of", AT_THE_END, "--json"),
    ("deployment", "adopt"),
    ("outbox", "retry"),
    ("outbox", "drop", "--all"),
    ("status", "--json"),
    ("show", CANARY),
    ("audit",),
    ("doctor",),
]
TABLES = ("subs_subscriptions", "subs_outbox", "subs_audit", "subs_job_runs", "subs_deployment")


@pytest.fixture
def refusing(make: Callable[..., Host]) -> Host:
    """A host whose every table refuses every write, with an error that repeats a row."""
    host = make()
    host.trial(CANARY)
    host.deliver(NOON - days(1))  # it stores whose database this is
    for table in TABLES:
        for event in ("INSERT", "UPDATE"):
            for statement in _trigger(host.db.engine.dialect.name, table, event):
                host.db.session.execute(text(statement))
    host.db.session.commit()
    host.db.session.remove()
    return host


def _trigger(dialect: str, table: str, event: str) -> list[str]:
    name = f"refuse_{table}_{event.lower()}"
    if dialect == "sqlite":
        return [f"CREATE TRIGGER {name} BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, '{CANARY}'); END"]
    if dialect == "mysql":
        signal = f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{CANARY}'"
        return [f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {signal}"]
    return [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE '{CANARY}'; END $$",
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_refused_write_shows_nothing_of_the_row(
    refusing: Host, words: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    result = run(refusing, *words)

    shown = result.stderr + caplog.text + ("" if words[0] in ("show", "audit") else result.stdout)
    assert CANARY not in shown
    assert "Traceback" not in shown
    assert "parameters" not in shown
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code in (0, 1, 2, 3)


@pytest.mark.parametrize("words", [words for words in COMMANDS if words[0] in ("trial-check", "deliver")][:2])
def test_a_repeated_key_ends_with_three_and_one_sentence(host: Host, words: tuple[str, ...]) -> None:
    host.trial(CANARY)
    host.deliver(NOON - days(1))
    host.db.session.execute(text("CREATE UNIQUE INDEX one_run ON subs_job_runs (job)"))
    host.db.session.commit()
    run(host, *words, "--no-deliver", "--limit", "1")

    result = run(host, *words)

    assert result.exit_code == 3
    assert result.stderr.startswith("Error: the database refused a row (")
    assert len(result.stderr.splitlines()) == 1
