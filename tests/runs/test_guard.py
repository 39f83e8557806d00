from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, text, update
from sqlalchemy.exc import IntegrityError

from flask_subscription_ops.errors import DatabaseUnreachable, SchemaOutdated
from flask_subscription_ops.jobs.table import JOBS
from flask_subscription_ops.models import Deployment, JobRun

from ..customers import add_trials, contents
from ..hosts import NOON, Host, days

END = NOON + days(14)


@pytest.fixture
def braked(make_on_sqlite: Callable[..., Host]) -> Host:
    """A host on which five trials end, and no more than two may at once."""
    host = make_on_sqlite(SUBS_BRAKE_MIN=2, SUBS_BRAKE_SHARE=0.0)
    add_trials(host, 1, 5, ends=END, look=NOON)
    return host


@pytest.mark.parametrize(("ending", "stopped"), [(2, False), (3, True)])
def test_the_brake_stops_more_than_the_allowed_number(
    make_on_sqlite: Callable[..., Host], ending: int, stopped: bool
) -> None:
    host = make_on_sqlite(SUBS_BRAKE_MIN=2, SUBS_BRAKE_SHARE=0.0)
    add_trials(host, 1, ending, ends=END)

    report = host.check(END)

    assert (report.outcome.value == "stopped", report.changed) == (stopped, 0 if stopped else ending)


@pytest.mark.parametrize(("ending", "stopped"), [(10, False), (11, True)])
def test_the_brake_allows_a_share_of_the_live_ones(
    make_on_sqlite: Callable[..., Host], ending: int, stopped: bool
) -> None:
    host = make_on_sqlite(SUBS_BRAKE_MIN=2, SUBS_BRAKE_SHARE=0.1)
    add_trials(host, 1, ending, ends=END)
    add_trials(host, 100, 100 - ending, ends=END + days(100))

    assert (host.check(END).outcome.value == "stopped") == stopped


def test_a_stopped_run_does_nothing_and_says_how_to_go_on(braked: Host) -> None:
    before = contents(braked)

    report = braked.check(END)

    after = contents(braked)
    assert {name for name in before if before[name] != after[name]} == {"subs_job_runs", "subs_deployment"}
    assert (report.outcome.exit_code, report.examined, braked.operations, braked.kinds) == (4, 0, [], [])
    assert report.to_dict()["confirm"] == report.confirm
    assert str(report.stopped_by).startswith("it would end 5 of 5 live subscriptions, more than 2")


def test_the_brake_counts_what_is_due_and_not_what_a_limit_lets_through(braked: Host) -> None:
    report = braked.check(END, limit=1)

    assert (report.outcome.exit_code, report.changed) == (4, 0)


def test_a_stopped_run_sends_nothing_that_waited_either(braked: Host) -> None:
    braked.trial("waits")

    braked.check(END)

    assert braked.kinds == []


def test_the_token_lets_the_run_go_on(braked: Host) -> None:
    token = braked.check(END).confirm

    report = braked.check(END, confirm=token)

    assert (report.outcome.value, report.changed, report.confirm) == ("ok", 5, None)
    assert sorted(braked.stopped) == list("12345")


def test_a_token_is_good_once(braked: Host) -> None:
    token = braked.check(END).confirm
    braked.check(END, confirm=token)
    add_trials(braked, 100, 5, ends=END)

    again = braked.check(END, confirm=token)

    assert (again.outcome.exit_code, again.changed) == (4, 0)
    assert again.confirm not in (None, token)
    assert str(again.stopped_by).endswith("; the token given is unknown, used, a day old, or was for fewer changes")


@pytest.mark.parametrize("token", ["", "wrong", "0" * 8, "'; DROP TABLE subs_job_runs; --"])
def test_a_wrong_token_is_stopped_again_with_a_new_one(braked: Host, token: str) -> None:
    braked.check(END)

    report = braked.check(END, confirm=token)

    assert (report.outcome.exit_code, report.changed) == (4, 0)
    assert braked.check(END, confirm=report.confirm).outcome.exit_code == 0


def test_a_token_is_not_good_for_much_more_than_it_was_printed_for(braked: Host) -> None:
    token = braked.check(END).confirm
    add_trials(braked, 100, 50, ends=END)

    report = braked.check(END, confirm=token)

    assert (report.outcome.exit_code, report.changed) == (4, 0)


def test_a_token_of_another_job_is_no_token(braked: Host) -> None:
    token = braked.check(END).confirm
    braked.db.session.execute(update(JobRun).where(JobRun.confirm == token).values(job="expire-subscriptions"))
    braked.db.session.commit()

    report = braked.check(END, confirm=token)

    assert (report.outcome.value, report.changed) == ("stopped", 0)


def test_a_token_is_good_for_a_day(braked: Host) -> None:
    braked.at(END)
    token = braked.check(END).confirm

    braked.at(END + days(1))

    assert braked.check(END, confirm=token).outcome.exit_code == 4


def test_a_dry_run_is_not_stopped_by_the_brake(braked: Host) -> None:
    report = braked.check(END, dry_run=True)

    assert (report.outcome.exit_code, len(report.planned)) == (0, 5)


def test_reminders_alone_never_meet_the_brake(braked: Host) -> None:
    report = braked.check(NOON + days(7))

    assert (report.outcome.value, report.changed) == ("ok", 5)


def test_the_first_job_stores_the_deployments_name(sqlite_host: Host) -> None:
    sqlite_host.check(NOON)

    stored = sqlite_host.db.session.query(Deployment).one()
    assert (stored.id, stored.name, stored.epoch) == (1, "tests", 1)


def test_a_dry_run_stores_no_name(sqlite_host: Host) -> None:
    sqlite_host.check(NOON, dry_run=True)

    assert sqlite_host.db.session.query(Deployment).count() == 0


@pytest.mark.parametrize("job", JOBS)
def test_under_another_deployments_name_no_job_writes_anything(host: Host, job: str) -> None:
    host.trial()
    host.deliver(NOON - days(1))
    host.db.session.execute(text("UPDATE subs_deployment SET name = 'production'"))
    host.db.session.commit()
    before = contents(host)

    report = host.subs.run_job(job, as_of=END)

    assert contents(host) == before
    assert (report.outcome.exit_code, report.run_id, host.kinds, host.operations) == (4, None, [], [])
    assert "On a copy take it over with `flask subs deployment adopt --drop-effects`" in str(report.stopped_by)


@pytest.mark.parametrize("job", JOBS)
def test_a_dry_run_works_on_a_copy(sqlite_host: Host, job: str) -> None:
    sqlite_host.trial()
    sqlite_host.deliver(NOON - days(1))
    sqlite_host.db.session.execute(text("UPDATE subs_deployment SET name = 'production'"))
    sqlite_host.db.session.commit()

    report = sqlite_host.subs.run_job(job, as_of=END, dry_run=True, deliver=False)

    assert (report.outcome.value, len(report.planned)) == ("ok", 1)
    assert str(report.would_stop).startswith("this database belongs to the deployment 'production'")


@pytest.mark.parametrize("table", ["subs_outbox", "subs_webhook_events"])
def test_without_a_table_no_job_starts(host: Host, table: str) -> None:
    host.db.session.execute(text(f"DROP TABLE {table}"))
    host.db.session.commit()

    with pytest.raises(SchemaOutdated, match=rf"lacks {table}: run `flask db upgrade`"):
        host.check(NOON)

    assert host.db.session.query(JobRun).count() == 0


def test_without_a_column_no_effect_is_sent(host: Host) -> None:
    host.trial()
    host.db.session.execute(text("ALTER TABLE subs_payments DROP COLUMN last_error"))
    host.db.session.commit()

    for job in JOBS:
        with pytest.raises(SchemaOutdated, match=r"lacks subs_payments.last_error: run `flask db upgrade`"):
            host.subs.run_job(job, as_of=END)

    assert (host.kinds, host.operations) == ([], [])
    assert list(host.effects().values()) == ["pending"]


def test_a_database_that_is_down_is_said_to_be_without_its_password(make_on_sqlite: Callable[..., Host]) -> None:
    from ..hosts import make_host

    host = make_host("postgresql+psycopg://someone:s3cret@127.0.0.1:1/nowhere")

    with host.app.app_context(), pytest.raises(DatabaseUnreachable) as raised:
        host.check(NOON)

    assert "s3cret" not in str(raised.value)
    assert "start it or correct SQLALCHEMY_DATABASE_URI" in str(raised.value)


def test_of_two_first_runs_the_slower_one_sees_who_won_and_stops(make: Callable[..., Host]) -> None:
    host = make(SUBS_DEPLOYMENT="staging")
    host.trial()
    production = Deployment(id=1, name="production", adopted_at=NOON)
    _win_the_race(host, production)

    report = host.deliver(NOON)

    assert (report.outcome.exit_code, report.run_id, host.kinds) == (4, None, [])
    assert "belongs to the deployment 'production'" in str(report.stopped_by)
    assert list(host.effects().values()) == ["pending"]


def test_of_two_first_runs_of_one_deployment_both_go_on(make: Callable[..., Host]) -> None:
    host = make()
    host.trial()
    _win_the_race(host, Deployment(id=1, name="tests", adopted_at=NOON))

    assert host.deliver(NOON).outcome.exit_code == 0


def test_a_first_run_whose_name_the_database_refuses_does_not_go_on(sqlite_host: Host) -> None:
    sqlite_host.trial("7")
    refuse = "CREATE TRIGGER no_name BEFORE INSERT ON subs_deployment BEGIN SELECT RAISE(ABORT, 'not today'); END"
    sqlite_host.db.session.execute(text(refuse))
    sqlite_host.db.session.commit()

    with pytest.raises(IntegrityError):
        sqlite_host.check(END)

    assert sqlite_host.kinds == []


def _win_the_race(host: Host, winner: Deployment) -> None:
    """Store another run's name between a run's look at it and its own attempt to store one."""
    runtime = host.subs.runtime
    usual = runtime.in_transaction

    def slow(work: Any) -> Any:
        runtime.in_transaction = usual  # type: ignore[method-assign]
        with runtime.writing() as session:
            session.add(winner)
        return usual(work)

    runtime.in_transaction = slow  # type: ignore[method-assign]


def test_the_brakes_two_counts_are_of_one_moment(make: Callable[..., Host]) -> None:
    host = make(SUBS_BRAKE_MIN=0, SUBS_BRAKE_SHARE=1.0)
    add_trials(host, 1, 5, ends=END)
    host.check(NOON)
    statements: list[str] = []
    event.listen(host.db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    assert host.check(END).changed == 5

    counts = [statement for statement in statements if "count(" in statement]
    assert [statement.count("count(") for statement in counts] == [1, 2]
