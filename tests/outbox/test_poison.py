"""An effect that ends its worker, or cannot be read or written down, harms only itself."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from flask_subscription_ops.models import OutboxMessage
from flask_subscription_ops.testing import end_leases

from ..hosts import NOON, Host, days
from .test_recording import Together
from .waiting import operations_of

ROOT = Path(__file__).parents[2]
WORKER = """
import json, os, sys
from datetime import datetime
from tests.hosts import make_host
url, at, poison, folder = sys.argv[1:]
host = make_host(url, SUBS_MAX_ATTEMPTS=3, SUBS_MAIL="file", SUBS_MAIL_DIR=folder)

@host.subs.suspend_workspaces
def suspend(account_id, operation):
    with open(folder + "/calls", "a") as calls:
        calls.write(account_id + "\\n")
    if account_id == poison:
        os.abort()

class Letter:
    def render(self, notice):
        if notice.account_id == poison:
            with open(folder + "/rendered", "a") as rendered:
                rendered.write("once\\n")
            os.abort()
        return renderer.render(notice)

with host.app.app_context():
    from flask_subscription_ops.mail.letters.render import Renderer
    renderer = Renderer(host.app, host.subs.settings)
    if poison.startswith("letter"):
        host.subs.runtime.renderer = Letter()
    host.deliver(datetime.fromisoformat(at))
"""


def test_an_operation_that_ends_its_worker_is_dead_after_its_tries_and_its_neighbours_are_served(
    host: Host, tmp_path: Path
) -> None:
    for number in range(1, 7):
        operations_of(host, str(number), products=("a",))

    ends = [_run(host, NOON + days(day), "3", tmp_path) for day in range(8)]

    calls = (tmp_path / "calls").read_text().split()
    assert (calls.count("3"), sorted(set(calls))) == (3, ["1", "2", "3", "4", "5", "6"])
    assert ends == [-signal.SIGABRT] * 3 + [0] * 5
    assert _states(host, "workspaces") == {"1": "done", "2": "done", "3": "dead", "4": "done", "5": "done", "6": "done"}
    assert set(_states(host, "email").values()) == {"done"}


def test_an_email_that_ends_its_worker_is_dead_after_its_tries_and_its_neighbours_are_sent(
    sqlite_host: Host, tmp_path: Path
) -> None:
    for account_id in ("1", "letter-2", "3", "4"):
        sqlite_host.trial(account_id)

    for day in range(4):
        _run(sqlite_host, NOON + days(day), "letter-2", tmp_path)

    assert _states(sqlite_host, "email") == {"1": "done", "letter-2": "dead", "3": "done", "4": "done"}
    assert (tmp_path / "rendered").read_text().count("once") == 3
    assert sqlite_host.db.session.query(OutboxMessage.attempts).filter_by(account_id="letter-2").scalar() == 3


def test_others_go_before_what_may_end_the_worker(sqlite_host: Host, tmp_path: Path) -> None:
    operations_of(sqlite_host, "poison", products=("a",))
    _run(sqlite_host, NOON, "poison", tmp_path)
    for number in range(3):
        operations_of(sqlite_host, str(number), products=("a",))
    sqlite_host.trial("late", begun=NOON + days(1))

    _run(sqlite_host, NOON + days(1), "poison", tmp_path)

    assert (tmp_path / "calls").read_text().split() == ["poison", "0", "1", "2", "poison"]
    assert {key: state for key, state in sqlite_host.effects().items() if state != "done"} == {
        "suspend-workspaces:sub-1:2": "sending"
    }


def test_what_ended_its_worker_more_than_twice_waits_longer_each_time(sqlite_host: Host) -> None:
    sqlite_host.trial()
    waits = []

    for day in range(5):
        at = NOON + days(day)
        _claim_and_die(sqlite_host, at)
        _take_back(sqlite_host, at)
        waits.append(max(timedelta(), _row(sqlite_host, "1").due_at - at))

    assert waits[:2] == [timedelta(), timedelta()]
    assert timedelta(minutes=1) <= waits[2] < waits[3] < waits[4] <= timedelta(minutes=18)


def test_when_each_claim_is_killed_an_effect_is_dead_in_the_end(make: Callable[..., Host]) -> None:
    host = make(SUBS_MAX_ATTEMPTS=3)
    host.trial()

    for day in range(3):
        _claim_and_die(host, NOON + days(day))
    report = host.deliver(NOON + days(3))

    assert (_row(host, "1").state, _row(host, "1").attempts) == ("dead", 3)
    assert _row(host, "1").done_at == NOON + days(3)
    assert (report.outcome.exit_code, len(report.failures)) == (1, 1)


@pytest.mark.parametrize("details", ['{"reason": "pau', "", "12", '["a"]', "\\x00"])
def test_an_effect_whose_details_cannot_be_read_is_dead_alone(host: Host, details: str) -> None:
    for number in "1234":
        operations_of(host, number, products=("a",))
    _spoil(host, "2", details=details)

    report = host.deliver(NOON)

    assert _states(host, "workspaces") == {"1": "done", "2": "dead", "3": "done", "4": "done"}
    assert _states(host, "email")["1"] == "done"
    assert report.outcome.exit_code == 1
    assert "suspend-workspaces:sub-2:2" in [failure["subject"] for failure in report.failures]


def test_a_claim_that_was_cut_off_is_taken_back_even_where_its_details_cannot_be_read(host: Host) -> None:
    host.trial("1")
    _claim_and_die(host, NOON)
    _spoil(host, "1", details='{"plan": "p')

    host.deliver(NOON + days(1))

    assert _row_state(host, "1") == "dead"


def test_an_email_that_cannot_be_prepared_counts_alone(make: Callable[..., Host]) -> None:
    host = make(SUBS_MAX_ATTEMPTS=2)
    for number in "123":
        host.trial(number)
    render = host.subs.runtime.renderer.render

    class Renderer:
        def render(self, notice: Any) -> Any:
            if notice.account_id == "2":
                raise ZeroDivisionError("in the host's template")
            return render(notice)

    host.subs.runtime.renderer = Renderer()  # type: ignore[assignment]
    codes = [host.deliver(NOON + days(day)).outcome.exit_code for day in range(3)]

    assert _states(host, "email") == {"1": "done", "2": "dead", "3": "done"}
    assert codes == [1, 1, 0]


@pytest.mark.parametrize(("details", "code"), [("{}", 1), ('{"trial_ends_at": 7, "days": "many"}', 0)])
def test_a_reminder_that_states_nonsense_counts_alone(host: Host, details: str, code: int) -> None:
    host.trial("1")
    host.trial("2")
    host.check(NOON + days(7), deliver=False)
    host.db.session.execute(
        text("UPDATE subs_outbox SET details = :details WHERE account_id = '1' AND kind = 'trial_reminder'"),
        {"details": details},
    )
    host.db.session.commit()

    report = host.deliver(NOON + days(7))

    assert host.kinds.count("trial_reminder") == 1
    assert report.outcome.exit_code == code


TRIGGERS = {
    "sqlite": (
        "CREATE TRIGGER stubborn BEFORE UPDATE ON subs_outbox WHEN NEW.account_id = '2' AND NEW.state IN ({states})"
        " BEGIN SELECT RAISE(ABORT, 'not this row'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not this row''; END'",
        "CREATE TRIGGER stubborn BEFORE UPDATE ON subs_outbox FOR EACH ROW"
        " WHEN (NEW.account_id = '2' AND NEW.state IN ({states})) EXECUTE FUNCTION refuse()",
    ),
    "mysql": (
        "CREATE TRIGGER stubborn BEFORE UPDATE ON subs_outbox FOR EACH ROW"
        " IF NEW.account_id = '2' AND NEW.state IN ({states}) THEN SIGNAL SQLSTATE '45000'; END IF",
    ),
}
ALL = "'pending', 'sending', 'done', 'dead', 'held', 'superseded', 'no_recipient'"


@pytest.mark.parametrize("states", ["'done'", "'sending'", ALL], ids=["done", "claimed", "anything"])
def test_a_row_that_cannot_be_written_spoils_no_other(host: Host, states: str) -> None:
    for number in "1234":
        operations_of(host, number, products=("a",))
    _refuse(host, states)

    report = host.deliver(NOON)
    end_leases_of_others(host)
    again = host.deliver(NOON + days(1))

    assert [state for account, state in _states(host, "workspaces").items() if account != "2"] == ["done"] * 3
    assert [state for account, state in _states(host, "email").items() if account != "2"] == ["done"] * 3
    assert report.outcome.exit_code == 1
    assert again.outcome.value in ("ok", "partial")
    assert {f["subject"].split(":")[1] for f in report.failures} == {"sub-2"}


def test_an_email_that_cannot_be_written_down_spoils_no_other_of_its_call(host: Host) -> None:
    for number in "1234":
        host.trial(number)
    _refuse(host, "'done'")
    host.subs.runtime.transport = Together()

    report = host.deliver(NOON)

    assert _states(host, "email") == {"1": "done", "2": "sending", "3": "done", "4": "done"}
    assert [failure["subject"] for failure in report.failures] == ["trial-started:sub-2:2026-12-15"]


def test_an_email_that_was_sent_and_cannot_be_written_down_is_dead_in_the_end(make: Callable[..., Host]) -> None:
    host = make(SUBS_MAX_ATTEMPTS=2, SUBS_MAIL="memory")
    for number in "123":
        host.trial(number)
    _refuse(host, "'done'")

    for day in range(4):
        host.deliver(NOON + days(day))
        end_leases(host.app)

    assert _states(host, "email") == {"1": "done", "2": "dead", "3": "done"}
    assert len(host.kinds) == 3  # asked about, and not sent again


def test_an_error_whose_text_the_database_refuses_is_kept_by_its_name(host: Host) -> None:
    operations_of(host, "1", products=("a",))

    def suspend(account_id: str, operation: Any) -> None:
        raise LookupError("no \x00 such")

    host.subs.suspend_workspaces(suspend)
    with _refusing_text(host):
        report = host.deliver(NOON)

    row = host.db.session.query(OutboxMessage).filter_by(channel="workspaces").one()
    assert (row.state, row.attempts, row.last_error) == ("pending", 1, "LookupError")
    assert report.outcome.exit_code == 0


class _refusing_text:  # noqa: N801  # reads as a statement
    """Let the database refuse every error text that has more than a name, whatever its kind would take."""

    def __init__(self, host: Host) -> None:
        self._engine = host.db.engine

    def __enter__(self) -> None:
        event.listen(self._engine, "before_cursor_execute", self._refuse)

    def __exit__(self, *_: Any) -> None:
        event.remove(self._engine, "before_cursor_execute", self._refuse)

    def _refuse(self, *arguments: Any) -> None:
        parameters = arguments[3].values() if isinstance(arguments[3], dict) else arguments[3]
        if any(isinstance(value, str) and "such" in value for value in parameters):
            raise UnicodeEncodeError("utf-8", "x", 0, 1, "surrogates not allowed")


def _run(host: Host, at: datetime, poison: str, folder: Path) -> int:
    url = host.db.engine.url.render_as_string(hide_password=False)
    arguments: Sequence[str] = [url, at.isoformat(), poison, str(folder)]
    ended = subprocess.run([sys.executable, "-c", WORKER, *arguments], cwd=ROOT, capture_output=True, check=False)
    end_leases(host.app)
    return ended.returncode


def _claim_and_die(host: Host, at: datetime) -> None:
    from flask_subscription_ops.outbox.claim import Part, claim_emails

    _take_back(host, at)
    for alone in (False, True):
        claim_emails(host.subs.runtime, at, 1, Part(alone))
    end_leases(host.app)


def _take_back(host: Host, at: datetime) -> None:
    from flask_subscription_ops.outbox.delivery import Delivery
    from flask_subscription_ops.outbox.take_back import take_back
    from flask_subscription_ops.outbox.tally import Tally

    take_back(Delivery(host.subs.runtime, Tally(), lambda: at))


def _spoil(host: Host, account_id: str, *, details: str) -> None:
    statement = text("UPDATE subs_outbox SET details = :details WHERE account_id = :account AND kind <> 'subscribed'")
    host.db.session.execute(statement, {"details": details, "account": account_id})
    host.db.session.commit()


def _refuse(host: Host, states: str) -> None:
    for statement in TRIGGERS[host.db.engine.dialect.name.replace("mariadb", "mysql")]:
        with host.db.engine.begin() as connection:
            connection.exec_driver_sql(statement.format(states=states))


def end_leases_of_others(host: Host) -> None:
    statement = "UPDATE subs_outbox SET lease_until = '2001-01-01' WHERE lease_until IS NOT NULL AND account_id <> '2'"
    with host.db.engine.begin() as connection:
        connection.execute(text(statement))


def _row(host: Host, account_id: str) -> OutboxMessage:
    host.db.session.rollback()
    return host.db.session.query(OutboxMessage).populate_existing().filter_by(account_id=account_id).one()


def _row_state(host: Host, account_id: str) -> str:
    host.db.session.rollback()
    return str(host.db.session.query(OutboxMessage.state).filter_by(account_id=account_id).scalar())


def _states(host: Host, channel: str) -> dict[str, str]:
    host.db.session.rollback()
    found = host.db.session.query(OutboxMessage.account_id, OutboxMessage.state).filter_by(channel=channel)
    return {str(account_id): state for account_id, state in found.order_by(OutboxMessage.account_id)}
