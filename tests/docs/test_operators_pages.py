"""The pages for whoever runs it name states, keys, log lines and sentences as they are, and their queries run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import flask_subscription_ops
from flask_subscription_ops.domain.retry import EffectState
from flask_subscription_ops.reports.status import status
from flask_subscription_ops.testing import Verdict

from ..hosts import NOON, Host, days
from .pages import blocks, code, read, rows, sections

MONITOR, WRONG = "how-to/monitor.md", "how-to/something-is-wrong.md"
QUERIES = blocks(read(MONITOR), "sql")
SOURCE = "".join(path.read_text("utf-8") for path in Path(flask_subscription_ops.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("query", QUERIES, ids=[query.split()[0].lower() for query in QUERIES])
def test_queries_run_as_they_stand(host: Host, query: str) -> None:
    host.trial()
    host.check(NOON + days(1))

    host.db.session.execute(text(query))


def test_the_keys_to_look_at_are_those_of_status(sqlite_host: Host) -> None:
    host = sqlite_host
    host.trial()
    host.deliver(NOON)
    document = status(host.subs.runtime)
    document["effects"] |= {"dead": 0, "held": 0}

    named = [key for row in rows(sections(read(MONITOR))["What to look at from outside"]) for key in keys_in(row[0])]

    assert len(named) == 7
    for key in named:
        value: Any = document
        for part in key.split("."):
            value = value[part]


def keys_in(cell: str) -> list[str]:
    return code(cell) or [cell]


def test_lines_of_the_log_are_written_somewhere() -> None:
    lines = [row[0] for row in rows(sections(read(MONITOR))["What the log says"])]

    assert len(lines) == 8
    assert [line for line in lines if not all(part in SOURCE for part in fixed_parts(line))] == []


def test_sentences_that_end_a_job_are_said_somewhere() -> None:
    said = [row[0] for row in rows(sections(read(WRONG))["A job ends with 3"])]

    assert len(said) == 6
    assert [sentence for sentence in said if not all(part in SOURCE for part in fixed_parts(sentence))] == []


def fixed_parts(sentence: str) -> list[str]:
    """Return what does not change from time to time in something that is logged or said."""
    parts = re.split(r"\.\.\.|: |\b\d+\b|\b(?:emails|operations|pending|dead)\b|[()]", sentence)
    return [part.strip() for part in parts if len(part.strip()) > 1]


def test_an_email_that_did_not_arrive_is_in_a_state_that_the_page_explains() -> None:
    listed = [row[0] for row in rows(sections(read(WRONG))["An email did not arrive"])]

    assert listed == ["not listed", *sorted((state.value for state in EffectState), key=listed.index)]


def test_the_listeners_hear_how_runs_end_and_what_fails(sqlite_host: Host, caplog: pytest.LogCaptureFixture) -> None:
    host = sqlite_host
    exec(blocks(read(MONITOR), "python")[0], {"app": host.app})
    host.script(Verdict.REFUSED)
    host.trial()

    with caplog.at_level("INFO", logger=host.app.logger.name):
        host.deliver(NOON)

    heard = [record.getMessage() for record in caplog.records if record.name == host.app.logger.name]
    assert heard[0] == "trial_started: dead"
    assert re.fullmatch(r"deliver: partial in \d+\.\d s", heard[1])
