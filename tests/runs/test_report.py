from __future__ import annotations

import json

import pytest

from flask_subscription_ops.models import JobRun, OutboxMessage
from flask_subscription_ops.runs.report import STORED_BYTES, JobReport
from flask_subscription_ops.testing import Reply, Verdict

from ..hosts import NOON, Host


@pytest.mark.parametrize("error", ["e" * 230, "ж" * 230, "🎫" * 230, "\x00\ud800" * 230, "two\nlines"])
def test_the_row_of_a_run_stays_small_and_counts_what_it_leaves_out(error: str) -> None:
    report = JobReport("trial-check", NOON)
    for number in range(100_000):
        report.fail(f"sub-{number}", error)

    row = report.to_row()

    assert len(json.dumps(row, ensure_ascii=False).encode()) < STORED_BYTES + 2000
    assert len(row["failures"]) + row["failures_left_out"] == row["failed"] == 100_000
    assert row["failures"] == report.failures[: len(row["failures"])]
    assert len(row["failures"]) >= 100


def test_the_row_of_a_run_with_few_failures_is_its_report() -> None:
    report = JobReport("trial-check", NOON)
    report.fail("sub-1", "no")

    assert report.to_row() == report.to_dict()


def test_a_failure_is_named_in_one_line_without_mailboxes() -> None:
    report = JobReport("trial-check", NOON)

    report.fail("sub-1\nfailed: sub-2", "ada@customer.example\nis away " + "x" * 300)

    assert report.failures == [{"subject": "sub-1 failed: sub-2", "error": "<address> is away " + "x" * 181 + "…"}]


def test_three_hundred_failures_of_one_run_are_recorded_on_every_database(host: Host) -> None:
    host.script(Reply(Verdict.REFUSED, "нет места 🎫 " * 18)).script.append(Verdict.ACCEPTED)
    host.at(NOON)
    for number in range(301):
        host.subs.start_trial(str(number), "pro")
    host.db.session.commit()

    report = host.deliver(NOON)

    run = host.db.session.query(JobRun).one()
    assert (run.outcome, len(run.report["failures"])) == ("partial", 300)
    assert run.report == {**report.to_dict(), "as_of": run.report["as_of"]}
    assert {m.state for m in host.db.session.query(OutboxMessage)} == {"done", "dead"}


def test_a_run_with_more_failures_than_its_row_holds_is_recorded(sqlite_host: Host) -> None:
    sqlite_host.script(Reply(Verdict.REFUSED, "🎫" * 200))
    sqlite_host.at(NOON)
    for number in range(350):
        sqlite_host.subs.start_trial(str(number), "pro")
    sqlite_host.db.session.commit()

    report = sqlite_host.deliver(NOON)

    stored = sqlite_host.db.session.query(JobRun).one().report
    assert len(report.failures) == 350
    assert len(stored["failures"]) + stored["failures_left_out"] == 350
    assert stored["failures_left_out"] > 0
