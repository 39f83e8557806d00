"""`status`, `show`, `audit`, `outbox`, `deployment`, `doctor`, `mail preview`, `systemd render`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text, update

from flask_subscription_ops import Contact
from flask_subscription_ops.domain.emails import EMAILS
from flask_subscription_ops.models import OutboxMessage

from ..hosts import NOON, Host, days
from .conftest import Shop
from .test_usage import run

END = NOON + days(14)


def test_status_counts_and_tells_how_each_job_ran(sqlite_host: Host) -> None:
    sqlite_host.trial("1")
    sqlite_host.trial("2", begun=NOON + days(13))
    sqlite_host.check(END)

    document = json.loads(run(sqlite_host, "status", "--json").stdout)

    assert list(document) == ["deployment", "subscriptions", "effects", "oldest_due_seconds", "jobs"]
    assert document["deployment"] == "tests"
    assert document["subscriptions"] == {"expired": 1, "trialing": 1}
    assert document["effects"] == {"done": 3, "superseded": 1}
    assert document["jobs"]["deliver"] == {"last_run": None, "last_success": None, "outcome": None}
    assert document["jobs"]["trial-check"]["outcome"] == "ok"


def test_status_of_an_app_that_never_ran_anything(sqlite_host: Host) -> None:
    result = run(sqlite_host, "status")

    assert result.exit_code == 0
    assert "not stored yet" in result.stdout
    assert "job trial-check    never ran" in result.stdout


def test_status_says_how_late_the_oldest_effect_is(sqlite_host: Host) -> None:
    sqlite_host.trial()
    sqlite_host.at(NOON + days(1))

    document = json.loads(run(sqlite_host, "status", "--json").stdout)

    assert document["oldest_due_seconds"] == 86400


def test_show_tells_an_accounts_whole_story(sqlite_host: Host) -> None:
    sqlite_host.trial("7")
    sqlite_host.check(END)

    document = json.loads(run(sqlite_host, "show", "7", "--json").stdout)
    text_lines = run(sqlite_host, "show", "7").stdout

    assert list(document) == ["account", "subscriptions", "effects", "audit"]
    [subscription] = document["subscriptions"]
    assert (subscription["status"], subscription["has_access"]) == ("expired", False)
    assert [effect["effect_key"] for effect in document["effects"]] == list(sqlite_host.effects())
    assert [entry["cause"] for entry in document["audit"]] == ["trial_started", "trial_ended"]
    assert "sub-1: pro is expired, no access" in text_lines
    assert "trialing -> expired" in text_lines


def test_show_of_an_unknown_account_ends_with_one(sqlite_host: Host) -> None:
    sqlite_host.trial("7")

    result = run(sqlite_host, "show", "8", "--json")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "there is no account '8'" in result.stderr


def test_audit_is_one_object_a_line_with_the_words_of_the_contract(sqlite_host: Host) -> None:
    sqlite_host.trial("7")
    report = sqlite_host.check(END)

    entries = [json.loads(line) for line in run(sqlite_host, "audit").stdout.splitlines()]

    assert entries[1] == {
        "id": 2,
        "at": "2026-12-15T12:00:00Z",
        "account": "7",
        "subscription": 1,
        "version": 2,
        "from": "trialing",
        "to": "expired",
        "cause": "trial_ended",
        "actor": "trial-check",
        "run": report.run_id,
        "details": {"before": {"ended_at": None, "status": "trialing"}},
    }
    assert (entries[0]["from"], entries[0]["actor"], entries[0]["run"]) == (None, "app", None)


@pytest.mark.parametrize(
    ("words", "accounts"),
    [
        (("--account", "2"), ["2"]),
        (("--since", "2026-12-02T12:00:00Z"), ["2", "3"]),
        (("--since", "2026-12-02T14:00:01+02:00"), ["3"]),
        (("--since", "2026-12-02T12:00:00Z", "--account", "1"), []),
    ],
)
def test_audit_can_be_narrowed(sqlite_host: Host, words: tuple[str, ...], accounts: list[str]) -> None:
    for number in (1, 2, 3):
        sqlite_host.trial(str(number), begun=NOON + days(number - 1))

    result = run(sqlite_host, "audit", *words)

    assert [json.loads(line)["account"] for line in result.stdout.splitlines()] == accounts


def test_verify_says_that_a_whole_audit_is_whole(sqlite_host: Host) -> None:
    sqlite_host.trial()
    sqlite_host.check(END)

    result = run(sqlite_host, "audit", "--verify")

    assert (result.exit_code, result.stdout) == (0, "the audit is whole\n")


def test_verify_says_whose_audit_is_whole(sqlite_host: Host) -> None:
    sqlite_host.trial("7")

    assert run(sqlite_host, "audit", "--verify", "--account", "7").stdout == "the audit of account 7 is whole\n"


@pytest.mark.parametrize("words", [("audit",), ("audit", "--verify")])
def test_an_account_that_was_never_here_is_named_as_such(sqlite_host: Host, words: tuple[str, ...]) -> None:
    sqlite_host.trial("7")

    result = run(sqlite_host, *words, "--account", "8")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: there is no account '8' in the audit\n"


def test_verify_ends_with_one_where_an_entry_is_missing(sqlite_host: Host) -> None:
    sqlite_host.trial()
    sqlite_host.check(END)
    sqlite_host.db.session.execute(text("DELETE FROM subs_audit WHERE version = 1"))
    sqlite_host.db.session.commit()

    result = run(sqlite_host, "audit", "--verify")
    as_json = run(sqlite_host, "audit", "--verify", "--json")

    assert (result.exit_code, as_json.exit_code) == (1, 1)
    assert result.stdout.splitlines() == ["sub-1: entry 1 is missing or repeated, found version 2", "1 problem"]
    assert json.loads(as_json.stdout)["problem"].startswith("sub-1: entry 1 is missing")


def test_outbox_lists_what_is_not_done(sqlite_host: Host) -> None:
    for number, email in {"1": "a@b.example", "2": "nobody", "3": ""}.items():
        sqlite_host.known[number] = Contact(email)
        sqlite_host.trial(number)
    sqlite_host.deliver(NOON)
    sqlite_host.trial("4")

    lines = [json.loads(line) for line in run(sqlite_host, "outbox", "list", "--json").stdout.splitlines()]
    dead = run(sqlite_host, "outbox", "list", "--state", "dead").stdout

    assert {line["account_id"]: line["state"] for line in lines} == {"2": "dead", "3": "no_recipient", "4": "pending"}
    assert "trial-started:sub-2:2026-12-15  tried 1  the address is not an email address" in dead
    assert len(dead.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (("--account", "2"), ["trial-started:sub-2:2026-12-15"]),
        (("--account", "3"), []),
        (("--kind", "suspend_workspaces"), ["suspend-workspaces:sub-1:2"]),
        (("--kind", "trial_started", "--account", "1"), ["trial-started:sub-1:2026-12-15"]),
        (("--kind", "trial_started", "--limit", "1"), ["trial-started:sub-1:2026-12-15"]),
        (("--kind", "alert"), []),
    ],
    ids=str,
)
def test_the_outbox_can_be_narrowed(sqlite_host: Host, words: tuple[str, ...], keys: list[str]) -> None:
    sqlite_host.subs.cancel(sqlite_host.trial("1"), at_period_end=False)
    sqlite_host.trial("2")

    result = run(sqlite_host, "outbox", "list", *words, "--json")

    assert result.exit_code == 0
    assert [json.loads(line)["effect_key"] for line in result.stdout.splitlines()] == keys


def test_a_kind_that_there_is_not_is_named_with_those_there_are(sqlite_host: Host) -> None:
    result = run(sqlite_host, "outbox", "list", "--kind", "trial_remainder")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "no effect of the kind 'trial_remainder'; usual ones are trial_started, trial_reminder, " in result.stderr


@pytest.mark.parametrize("option", ["--kind", "--state", "--status"])
def test_words_of_ours_complete_with_tab(sqlite_host: Host, option: str) -> None:
    from click.shell_completion import ShellComplete

    words = ["subs", *(["list"] if option == "--status" else ["outbox", "list"]), option]
    complete = ShellComplete(sqlite_host.app.cli, {}, "flask", "_FLASK_COMPLETE")

    found = [item.value for item in complete.get_completions(words, "")]

    assert {"--kind": "trial_reminder", "--state": "held", "--status": "trialing"}[option] in found


def test_outbox_retry_without_a_key_queues_all_dead_ones_anew(sqlite_host: Host) -> None:
    for number in "123":
        sqlite_host.known[number] = Contact("nobody" if number != "3" else "")
        sqlite_host.trial(number)
    sqlite_host.deliver(NOON)
    sqlite_host.known.clear()
    sqlite_host.at(NOON)

    result = run(sqlite_host, "outbox", "retry")
    sqlite_host.deliver(NOON)

    assert result.stdout == "2 queued anew\n"
    assert list(sqlite_host.effects().values()) == ["done", "done", "no_recipient"]


def test_outbox_retry_with_a_key_takes_any_given_up_effect(sqlite_host: Host) -> None:
    sqlite_host.known["1"] = Contact("")
    sqlite_host.trial()
    sqlite_host.deliver(NOON)
    sqlite_host.known.clear()

    result = run(sqlite_host, "outbox", "retry", "trial-started:sub-1:2026-12-15")
    sqlite_host.deliver(NOON + days(1))

    assert result.stdout == "1 queued anew\n"
    assert sqlite_host.kinds == ["trial_started"]


def test_outbox_retry_does_not_repeat_what_is_done(sqlite_host: Host) -> None:
    sqlite_host.trial()
    sqlite_host.deliver(NOON)

    result = run(sqlite_host, "outbox", "retry", "trial-started:sub-1:2026-12-15")
    sqlite_host.deliver(NOON + days(1))

    assert result.stdout == "0 queued anew; trial-started:sub-1:2026-12-15 is done, and was left\n"
    assert sqlite_host.kinds == ["trial_started"]


def test_a_dropped_effect_never_goes(sqlite_host: Host) -> None:
    sqlite_host.trial()

    result = run(sqlite_host, "outbox", "drop", "trial-started:sub-1:2026-12-15")
    sqlite_host.deliver(NOON)

    assert (result.stdout, sqlite_host.kinds) == ("1 dropped\n", [])
    again = run(sqlite_host, "outbox", "drop", "trial-started:sub-1:2026-12-15")
    assert again.stdout == "0 dropped; trial-started:sub-1:2026-12-15 is dropped, and was left\n"


def test_adopting_a_database_lets_its_effects_go(sqlite_host: Host) -> None:
    belongs_to_another(sqlite_host)

    shown = run(sqlite_host, "deployment", "show", "--json")
    adopted = run(sqlite_host, "deployment", "adopt")
    sqlite_host.deliver(NOON)

    assert json.loads(shown.stdout) == {"configured": "tests", "stored": "production"}
    assert adopted.exit_code == 0
    assert sqlite_host.kinds == ["trial_started"]


@pytest.mark.parametrize("words", [("retry",), ("retry", "{key}"), ("drop", "{key}")])
def test_the_outbox_of_another_deployment_is_not_written(sqlite_host: Host, words: tuple[str, ...]) -> None:
    belongs_to_another(sqlite_host)
    [key] = sqlite_host.effects()

    refused = run(sqlite_host, "outbox", *(word.format(key=key) for word in words))

    assert (refused.exit_code, sqlite_host.effects()) == (4, {key: "pending"})
    assert "belongs to the deployment" in refused.stderr


def test_all_that_are_held_can_be_let_go(sqlite_host: Host) -> None:
    for account_id in "123":
        sqlite_host.trial(account_id)
    dead, held, _ = sqlite_host.effects()
    for key, state in ((dead, "dead"), (held, "held")):
        statement = update(OutboxMessage).where(OutboxMessage.effect_key == key).values(state=state, attempts=8)
        sqlite_host.db.session.execute(statement)
    sqlite_host.db.session.commit()

    let_go = run(sqlite_host, "outbox", "retry", "--state", "held")
    both = run(sqlite_host, "outbox", "retry", held, "--state", "held")

    assert (let_go.stdout, both.exit_code) == ("1 queued anew\n", 2)
    assert list(sqlite_host.effects().values()) == ["dead", "pending", "pending"]


def test_a_copy_can_be_adopted_without_what_it_still_had_to_send(sqlite_host: Host) -> None:
    belongs_to_another(sqlite_host)

    adopted = run(sqlite_host, "deployment", "adopt", "--drop-effects")
    report = sqlite_host.deliver(NOON)

    assert "1 waiting effects dropped" in adopted.stdout
    assert (report.outcome.value, sqlite_host.kinds) == ("ok", [])
    assert list(sqlite_host.effects().values()) == ["dropped"]


def belongs_to_another(host: Host) -> None:
    host.deliver(NOON)
    host.trial()
    host.db.session.execute(text("UPDATE subs_deployment SET name = 'production'"))
    host.db.session.commit()


def test_doctor_finds_nothing_to_mend_in_a_sound_app(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(SUBS_ALLOW_TIME_TRAVEL=False)

    result = run(host, "doctor")

    assert (result.exit_code, result.stdout) == (0, "nothing to mend\n")


def test_doctor_ends_with_one_and_names_every_finding(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(SUBS_DEPLOYMENT="default", SUBS_EMAILS_OFF=("trial_remainder",), MAIL_DEFAULT_SENDER="us")
    host.db.session.execute(text("DROP INDEX ix_subs_subscriptions_status_trial_ends_at_id"))
    host.db.session.commit()

    result = run(host, "doctor")
    findings = json.loads(run(host, "doctor", "--json").stdout)["findings"]

    assert result.exit_code == 1
    for part in ("SUBS_DEPLOYMENT", "SUBS_ALLOW_TIME_TRAVEL", "ix_subs_subscriptions", "MAIL_DEFAULT_SENDER"):
        assert any(part in finding["text"] for finding in findings)
    assert "trial_remainder" in result.stdout
    assert {finding["area"] for finding in findings} == {"configuration", "indexes", "mail", "templates"}


@pytest.mark.parametrize(
    ("missing", "found"),
    [
        (["contacts"], ["no contacts hook: no email can be sent"]),
        (["resume_workspaces"], ["no resume_workspaces hook: stopped workspaces never start again"]),
        (
            ["suspend_workspaces", "resume_workspaces"],
            ["no suspend_workspaces hook: ended trials keep their workspaces"],
        ),
    ],
)
def test_doctor_names_the_hooks_that_are_missing(
    make_on_sqlite: Callable[..., Host], missing: list[str], found: list[str]
) -> None:
    host = make_on_sqlite(SUBS_ALLOW_TIME_TRAVEL=False, without=missing)

    findings = json.loads(run(host, "doctor", "--json").stdout)["findings"]

    assert [finding["text"].partition(";")[0] for finding in findings] == found


@pytest.mark.parametrize(("target", "is_found"), [("biling", True), ("billing", False), ("/a", False), (None, False)])
def test_doctor_names_a_page_for_the_denied_that_does_not_exist(
    make_on_sqlite: Callable[..., Host], target: str | None, is_found: bool
) -> None:
    host = make_on_sqlite(SUBS_ALLOW_TIME_TRAVEL=False, SUBS_ACCESS_DENIED=target)
    host.app.add_url_rule("/billing", "billing", lambda: "billing")

    result = run(host, "doctor")

    assert result.exit_code == int(is_found)
    assert ("SUBS_ACCESS_DENIED names 'biling', which is no endpoint of this app" in result.stdout) == is_found


def test_doctor_survives_missing_tables(sqlite_url: str) -> None:
    from ..hosts import make_host

    result = run(make_host(sqlite_url), "doctor")

    assert result.exit_code == 1
    assert "schema: subs_audit, subs_deployment, " in result.stdout
    assert "are missing: run `flask db migrate` and `flask db upgrade`" in result.stdout


@pytest.mark.parametrize("locale", ["en", "tr", "ru", "tlh"])
@pytest.mark.parametrize("kind", EMAILS)
def test_every_email_can_be_looked_at_in_every_language(sqlite_host: Host, kind: str, locale: str) -> None:
    result = run(sqlite_host, "mail", "preview", kind, "--locale", locale)

    assert result.exit_code == 0
    assert result.stdout.startswith("From: billing@host.example\nTo: ")
    assert sqlite_host.subs.mailbox == []


def test_a_preview_can_be_html(sqlite_host: Host) -> None:
    result = run(sqlite_host, "mail", "preview", "trial_reminder", "--html")

    assert "<html" in result.stdout


def test_units_are_rendered_for_every_job(shop: Shop, books: Host) -> None:
    result = shop.subs("systemd", "render", "units")

    names = {path.name for path in (shop.folder / "units").rglob("*") if path.is_file()}
    assert result.returncode == 0
    assert {
        "subs-trial-check.timer",
        "subs-trial-check.service",
        "subs-deliver.timer",
        "subs-deliver.service",
        "subs-alert@.service",
    } <= names
    assert all(Path(shop.folder, line).is_file() for line in result.stdout.splitlines())
