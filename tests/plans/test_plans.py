from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import pytest
from sqlalchemy import text

from flask_subscription_ops.jobs.table import JOBS
from flask_subscription_ops.reports.status import _oldest_due

from ..conftest import empty_database
from ..hosts import Host, running_host
from ..servers import DATABASES
from .explain import Plans, explaining
from .population import add_effects, add_subscriptions, analyze

SIZE = 100_000
FEWER = 20_000  # enough for a planner to prefer a whole table to much of its index
DELIVERED = 300  # several claims of each channel


@pytest.fixture(scope="module", params=DATABASES)
def plans(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plans]:
    """What is sent to a database of a hundred thousand subscriptions and effects, and how it is carried out."""
    with empty_database(request.param, tmp_path_factory.mktemp("plans")) as url, _busy_host(url) as host:
        with explaining(host.subs.runtime.engine) as plans:
            host.subs.run_job("trial-check", deliver=False)
            host.subs.run_job("deliver", limit=DELIVERED)
            with host.subs.runtime.reading() as session:
                _oldest_due(session, host.subs.runtime.clock())
            _lead_a_life(host, "100")
        yield plans


def test_no_statement_of_a_job_or_a_service_reads_a_whole_table(plans: Plans) -> None:
    assert plans.scans == []


@pytest.mark.parametrize("taken", ["never", "while all was due"])
@pytest.mark.parametrize("kind", DATABASES)
def test_an_idle_pass_reads_no_whole_table_whenever_statistics_were_taken(
    kind: str, taken: str, tmp_path: Path
) -> None:
    with empty_database(kind, tmp_path) as url, running_host(url) as host:
        _become_idle(host, knows_what_was_due=taken != "never")
        with explaining(host.subs.runtime.engine) as plans:
            examined = [host.subs.run_job(job).examined for job in JOBS]

    assert set(examined) == {0}
    assert len(plans.found) == len(["brake", "reminders", "anything due", "anything due"])
    assert plans.scans == []


@pytest.mark.parametrize("date", ["trial_ends_at", "reminder_due_at", "due_at", "lease_until"])
def test_what_is_due_is_found_along_the_index_of_its_date(plans: Plans, date: str) -> None:
    """Any other index means reading what is not due, which is nearly everything."""
    walks = [lines for sql, lines in plans.found if re.search(rf"ORDER BY \w+\.{date}\b.*\bLIMIT", sql, re.DOTALL)]

    assert walks
    for lines in walks:
        assert re.search(rf"\bix_\w+_{date}(_id)?\b", " ".join(lines)), lines


def test_the_reminders_of_a_withdrawn_cancellation_are_found_among_their_accounts(plans: Plans) -> None:
    """The index of states would be walked through every superseded effect there ever was."""
    [lines] = [lines for sql, lines in plans.found if "subs_outbox.kind = " in sql]

    assert "ix_subs_outbox_account_id" in " ".join(lines)


@pytest.mark.parametrize(
    "part",
    [
        pytest.param("SELECT count(*) AS count_1 \nFROM (SELECT subs_subscriptions.id", id="brake"),
        pytest.param("ORDER BY subs_subscriptions.trial_ends_at", id="ended trials"),
        pytest.param("ORDER BY subs_subscriptions.reminder_due_at", id="reminders"),
        pytest.param("reminder_due_at=new.reminder_due_at", id="next look"),
        pytest.param("subs_outbox.due_at <= ", id="emails"),
        pytest.param("NOT (EXISTS", id="operations"),
        pytest.param("max(subs_outbox.id)", id="newest wishes"),
        pytest.param("ORDER BY subs_outbox.lease_until", id="ended leases"),
        pytest.param("(SELECT subs_outbox.lease_until", id="anything due"),
        pytest.param("min(subs_outbox.due_at)", id="oldest due"),
    ],
)
def test_the_statements_that_matter_were_explained(plans: Plans, part: str) -> None:
    assert any(part in statement.replace('"', "") for statement, _ in plans.found)


def _lead_a_life(host: Host, account_id: str) -> None:
    """Call every service for an account that is on trial, as its views would."""
    subs = host.subs
    subscription = subs.get(account_id)
    assert subscription is not None
    subs.extend_trial(subscription, days=1)
    subs.cancel(subscription)
    subs.resume(subscription)
    subs.subscribe(account_id, "pro")
    subs.pause(subscription)
    subs.unpause(subscription)
    subs.cancel(subscription, at_period_end=False)
    subs.start_trial(account_id, "pro")
    host.db.session.rollback()


def _become_idle(host: Host, *, knows_what_was_due: bool) -> None:
    now = datetime.now(timezone.utc)
    with host.subs.runtime.engine.begin() as connection:
        add_subscriptions(connection, FEWER, now, ended=780)
        add_effects(connection, FEWER, now, waiting=False)
        connection.execute(text("UPDATE subs_outbox SET state = 'pending'"))
        if knows_what_was_due:
            analyze(connection)
        connection.execute(text("UPDATE subs_outbox SET state = 'done'"))
        on_trial = "WHERE status = 'trialing'"
        connection.execute(text(f"UPDATE subs_subscriptions SET status = 'active', reminder_due_at = NULL {on_trial}"))


@contextmanager
def _busy_host(url: str) -> Iterator[Host]:
    with running_host(url, SUBS_BRAKE_MIN=SIZE, SUBS_SEND_HOUR=0) as host:
        now = datetime.now(timezone.utc)
        with host.subs.runtime.engine.begin() as connection:
            add_subscriptions(connection, SIZE, now)
            add_effects(connection, SIZE, now)
            analyze(connection)
        yield host
