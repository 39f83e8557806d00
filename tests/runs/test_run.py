from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from flask_subscription_ops.errors import (
    ConfigurationError,
    InvalidInput,
    NaiveDatetime,
    SchemaOutdated,
    TimeTravelRefused,
    UnknownJob,
)
from flask_subscription_ops.models import AuditEntry, JobRun, OutboxMessage
from flask_subscription_ops.signals import job_finished

from ..customers import contents
from ..hosts import NOON, Host, days
from ..outside.test_text import Mute

KEYS = [
    "job",
    "run",
    "as_of",
    "dry_run",
    "outcome",
    "examined",
    "changed",
    "skipped",
    "failed",
    "deferred",
    "failures",
    "effects",
    "seconds",
]
MAILJET = {"SUBS_MAIL": "mailjet", "SUBS_MAILJET_API_KEY": "k" * 32, "SUBS_MAILJET_API_SECRET": "s" * 32}
HOST = "import sys, flask.testing, flask_sqlalchemy; from sqlalchemy.dialects import sqlite"
WIRED = f"{HOST}; from tests.hosts import make_host; host = make_host(sys.argv[1])"
IDLE = f"""{WIRED}
with host.app.app_context():
    host.app.test_cli_runner().invoke(args=["subs", "trial-check"], catch_exceptions=False)
"""
OURS = "flask_subscription_ops"
HEAVY = ["smtplib", "sqlalchemy.dialects.mysql", "sqlalchemy.dialects.postgresql"]  # of what the host has in any case
MOST_WIRED, MOST_IDLE = 90, 130  # modules of ours; every command of the host waits for the first of them


def test_a_run_is_a_row_with_its_report(sqlite_host: Host) -> None:
    sqlite_host.trial()

    report = sqlite_host.check(NOON + days(14))

    row = sqlite_host.db.session.query(JobRun).one()
    assert (row.id, row.job, row.as_of, row.outcome) == (report.run_id, "trial-check", NOON + days(14), "ok")
    assert (row.examined, row.changed, row.skipped, row.failed) == (1, 1, 0, 0)
    assert row.report == report.to_dict()
    assert row.finished_at is not None


def test_the_audit_names_the_job_and_its_run(sqlite_host: Host) -> None:
    sqlite_host.trial()

    report = sqlite_host.check(NOON + days(14))

    entry = sqlite_host.db.session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
    assert entry is not None
    assert (entry.actor, entry.run_id, entry.at) == ("trial-check", report.run_id, NOON + days(14))


def test_a_report_has_exactly_the_keys_of_the_contract(sqlite_host: Host) -> None:
    report = sqlite_host.check(NOON).to_dict()

    assert list(report) == KEYS
    assert list(report["effects"]) == ["queued", "delivered", "failed"]


def test_a_run_that_failed_is_told_of_too(sqlite_host: Host) -> None:
    told: list[str] = []

    def tell(sender: Any, report: Any) -> None:
        told.append(report.outcome.value)

    sqlite_host.db.drop_all()

    with job_finished.connected_to(tell), pytest.raises(SchemaOutdated):
        sqlite_host.deliver(NOON)

    assert told == ["failed"]


def test_a_finished_run_is_told_of(sqlite_host: Host) -> None:
    told: list[Any] = []

    def tell(sender: Any, **facts: Any) -> None:
        told.append((sender, facts))

    with job_finished.connected_to(tell):
        report = sqlite_host.check(NOON)

    assert told == [(sqlite_host.app, {"report": report})]


def test_a_run_that_failed_is_recorded_as_failed(make_on_sqlite: Callable[..., Host]) -> None:
    sqlite_host = make_on_sqlite(without=["contacts"])
    sqlite_host.trial()

    with pytest.raises(Exception, match="no contacts hook"):
        sqlite_host.deliver(NOON)

    assert sqlite_host.db.session.query(JobRun).one().outcome == "failed"


@pytest.mark.parametrize(
    ("config", "remedy"),
    [
        ({"SUBS_MAIL": ("file", "smtp"), "SUBS_MAIL_DIR": "emails"}, r"call mail\.init_app\(app\)"),
        ({**MAILJET, "MAIL_DEFAULT_SENDER": None}, "set SUBS_MAIL_SENDER or MAIL_DEFAULT_SENDER"),
        ({"without": ["contacts"]}, r"decorate a function\(account_ids\) with @subs.contacts"),
    ],
    ids=["no Flask-Mail", "no sender", "no contacts hook"],
)
def test_without_what_emails_need_a_run_ends_before_any_effect(
    make_on_sqlite: Callable[..., Host], config: dict[str, Any], remedy: str
) -> None:
    host = make_on_sqlite(**config)
    trial = host.trial()

    with pytest.raises(ConfigurationError, match=remedy):
        host.check(NOON + days(14))

    assert host.db.session.query(JobRun).one().outcome == "failed"
    assert (host.reload(trial).status, host.stopped) == ("trialing", [])
    assert host.check(NOON + days(14), deliver=False).changed == 1


@pytest.mark.parametrize("job", ["trial-check", "deliver"])
def test_a_run_dated_elsewhere_writes_only_with_leave(make_on_sqlite: Callable[..., Host], job: str) -> None:
    host = make_on_sqlite(SUBS_ALLOW_TIME_TRAVEL=False)
    host.trial()
    before = contents(host)

    with pytest.raises(TimeTravelRefused, match="--dry-run"):
        host.subs.run_job(job, as_of=NOON + days(14))

    assert contents(host) == before


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"as_of": datetime(2026, 12, 1)}, NaiveDatetime),  # noqa: DTZ001
        ({"as_of": "2026-12-01"}, InvalidInput),
        ({"limit": 0}, InvalidInput),
        ({"limit": -1}, InvalidInput),
        ({"limit": True}, InvalidInput),
        ({"limit": "5"}, InvalidInput),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(
    sqlite_host: Host, options: dict[str, Any], error: type[Exception]
) -> None:
    before = contents(sqlite_host)

    with pytest.raises(error):
        sqlite_host.subs.run_job("trial-check", **options)

    assert contents(sqlite_host) == before


def test_an_unknown_job_is_told_which_there_are(sqlite_host: Host) -> None:
    with pytest.raises(UnknownJob, match="there are deliver, trial-check"):
        sqlite_host.subs.run_job("trialcheck")


@pytest.mark.parametrize("option", ["name", "as_of", "limit"])
@pytest.mark.parametrize("value", [Mute, list, lambda: "x" * 70_000], ids=["mute", "list", "long"])
def test_what_a_run_cannot_be_given_is_refused_in_one_short_sentence(
    sqlite_host: Host, option: str, value: Callable[[], Any]
) -> None:
    with pytest.raises((InvalidInput, UnknownJob)) as refused:
        sqlite_host.subs.run_job(**{"name": "deliver", option: value()})

    assert len(str(refused.value)) < 300


def test_a_run_without_a_date_follows_the_clock(sqlite_host: Host) -> None:
    trial = sqlite_host.trial()
    sqlite_host.at(NOON + days(14))

    report = sqlite_host.subs.run_job("trial-check")

    assert (report.as_of, sqlite_host.reload(trial).status) == (NOON + days(14), "expired")


def test_what_a_caller_has_not_committed_is_neither_kept_nor_lost(host: Host) -> None:
    waiting = OutboxMessage(effect_key="mine", channel="none", kind="none", account_id="1", subscription_id=1)
    host.trial()
    host.db.session.add(waiting)

    host.check(NOON + days(14))

    assert waiting in host.db.session.new
    assert "mine" not in host.effects()


def test_an_idle_run_loads_nothing_that_only_other_runs_need(sqlite_url: str, sqlite_host: Host) -> None:
    loaded = _loaded_by(IDLE, sqlite_url)

    assert f"{OURS}.jobs.trial_check" in loaded
    assert _packages(loaded) - _packages(_loaded_by(HOST, sqlite_url)) == {OURS, "tests"}
    assert not loaded.intersection(HEAVY)
    mail = {name for name in loaded if name.startswith(f"{OURS}.mail.")}
    assert mail == {f"{OURS}.mail.{name}" for name in ("address", "registry", "requirements")}


@pytest.mark.parametrize(("program", "most"), [(WIRED, MOST_WIRED), (IDLE, MOST_IDLE)], ids=["wired", "idle"])
def test_few_of_our_modules_are_loaded_before_there_is_work(
    sqlite_url: str, sqlite_host: Host, program: str, most: int
) -> None:
    ours = [name for name in _loaded_by(program, sqlite_url) if name.startswith(OURS)]

    assert len(ours) <= most


def _loaded_by(program: str, url: str) -> set[str]:
    command = [sys.executable, "-c", f"{program}\nprint(*sys.modules)", url]
    return set(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split())


def _packages(modules: set[str]) -> set[str]:
    """Return those that were installed."""
    return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
