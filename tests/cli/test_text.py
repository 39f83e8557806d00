"""Whatever text is stored or given, a command prints one line for each thing, and JSON stays JSON."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text, update

from flask_subscription_ops.models import OutboxMessage, Subscription

from ..hosts import NOON, Host, days
from .conftest import Shop
from .test_usage import run

FORGED = "7\nfailed: sub-9: forged\x1b[31m\u202e\u2028\x9b"
SHOWN = "7 failed: sub-9: forged[31m "


def store_as_before(host: Host, **columns: str) -> None:
    """Write what an older version let in."""
    for model in (Subscription, OutboxMessage):
        values = {name: value for name, value in columns.items() if name in model.__table__.c}
        host.db.session.execute(update(model).values(**values))
    host.db.session.execute(text("UPDATE subs_audit SET account_id = :account_id"), {"account_id": FORGED})
    host.db.session.commit()


def test_a_stored_account_key_forges_no_line(host: Host) -> None:
    host.trial("7")
    store_as_before(host, account_id=FORGED, lane=FORGED)

    planned = run(host, "trial-check", "--dry-run", "--as-of", (NOON + days(14)).isoformat()).stdout
    listed = run(host, "outbox", "list").stdout
    story = run(host, "show", FORGED).stdout

    assert planned.count(f"(account {SHOWN})") == 1
    assert len(planned.splitlines()) == 2
    assert len(listed.splitlines()) == 1
    assert "failed:" not in {line.split(" ")[0] for line in (planned + listed + story).splitlines()}
    assert not set(planned + listed + story) & set("\x1b\x9b\u202e\u2028")


def test_json_holds_every_stored_text_unchanged_and_on_one_line(host: Host) -> None:
    host.trial("7")
    store_as_before(host, account_id=FORGED)

    listed = run(host, "outbox", "list", "--json").stdout
    story = run(host, "show", FORGED, "--json").stdout
    audit = run(host, "audit").stdout

    assert json.loads(listed)["account_id"] == json.loads(story)["account"] == json.loads(audit)["account"] == FORGED
    for printed in (listed, story, audit):
        assert len(printed.splitlines()) == 1
        assert not set(printed) & set("\x1b\x9b\u202e\u2028")


def test_an_error_stored_before_is_shown_in_one_line_without_mailboxes(sqlite_host: Host) -> None:
    sqlite_host.trial("7")
    error = {"error": "550 <ada@customer.example>\nfailed: forged"}
    sqlite_host.db.session.execute(text("UPDATE subs_outbox SET last_error = :error"), error)
    sqlite_host.db.session.commit()

    for words in (["outbox", "list"], ["outbox", "list", "--json"], ["show", "7"], ["show", "7", "--json"]):
        printed = run(sqlite_host, *words).stdout
        assert "550 <address> failed: forged" in printed
        assert "ada" not in printed


@pytest.mark.parametrize(
    "words",
    [
        ("show", "a\x00b"),
        ("show", "\udcff"),
        ("audit", "--account", "\udcff"),
        ("outbox", "retry", "ok", "\udcff"),
        ("outbox", "drop", "\udcff"),
        ("list", "--plan", "\udcff"),
    ],
)
def test_a_word_that_no_database_can_hold_is_wrong_usage(host: Host, words: tuple[str, ...]) -> None:
    result = run(host, *words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].endswith("it holds NUL or bytes that are no text")


@pytest.mark.parametrize("token", ["", "x; rm -rf", "0000000", "000000000", "ABCDEF01", "\udcff", "0000000\n"])
def test_what_can_be_no_token_is_wrong_usage_even_where_none_is_needed(sqlite_host: Host, token: str) -> None:
    result = run(sqlite_host, "trial-check", "--confirm", token)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "a token is 8 of 0-9 and a-f: the stopped run has printed it" in result.stderr


def test_what_does_nothing_is_not_offered(sqlite_host: Host) -> None:
    assert run(sqlite_host, "deliver", "--no-deliver").exit_code == 2


@pytest.mark.parametrize(
    "words", [("list", "--plan", "x" * 70_000), ("outbox", "retry", "x\nError: forged", "y" * 70_000)]
)
def test_an_error_repeats_only_some_of_what_it_was_given_in_one_line(host: Host, words: tuple[str, ...]) -> None:
    result = run(host, *words)

    assert result.exit_code in (1, 2)
    assert len(result.stderr.splitlines()) == 1
    assert len(result.stderr) < 1100


NARROW = {
    "latin-1": "PYTHONIOENCODING=latin-1",
    "ascii": "PYTHONIOENCODING=ascii",
    "cp1252": "PYTHONIOENCODING=cp1252",
    "C": "LANG=C LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0",
    "C, as UTF-8": "LANG=C LC_ALL=C",
}


@pytest.mark.parametrize("setting", NARROW.values(), ids=NARROW)
def test_a_stdout_that_cannot_show_everything_gets_what_it_can(shop: Shop, books: Host, setting: str) -> None:
    books.trial("7", payment_method="pm_代")
    store_as_before(books, product="клиент-€")
    books.db.session.execute(text("UPDATE subs_outbox SET last_error = '€ 代 é'"))
    books.db.session.commit()

    for words in (
        "mail preview trial_reminder --locale ru",
        "mail preview trial_reminder --locale ru --html",
        "mail send-test trial_reminder me@customer.example --locale ru",
        "outbox list",
        "show 7",
        "list",
        "status",
        "audit",
        "deployment show",
        "trial-check --dry-run --as-of 2026-12-08T12:00:00Z",
        "systemd render",
    ):
        result = shop.shell(f"{setting} flask subs {words} > out")
        assert (result.returncode, "Traceback" in result.stderr) == (0, False), words
        assert (shop.folder / "out").stat().st_size > 0


@pytest.mark.parametrize("setting", NARROW.values(), ids=NARROW)
def test_json_is_whole_whatever_stdout_can_show(shop: Shop, books: Host, setting: str) -> None:
    books.trial("7", payment_method="pm_代-€")

    result = shop.shell(f"{setting} flask subs show 7 --json")

    assert json.loads(result.stdout)["subscriptions"][0]["payment_method"] == "pm_代-€"


CUT = '{"reason": "cut in ha'


def test_a_row_cut_in_half_hides_no_other(host: Host) -> None:
    for account_id in "123":
        host.trial(account_id)
    for table in ("subs_outbox", "subs_audit"):
        host.db.session.execute(text(f"UPDATE {table} SET details = :cut WHERE account_id = '2'"), {"cut": CUT})
    host.db.session.commit()

    listed = run(host, "outbox", "list")
    story = run(host, "show", "2", "--json")
    audit = run(host, "audit")

    assert (listed.exit_code, len(listed.stdout.splitlines())) == (0, 3)
    assert json.loads(story.stdout)["audit"][0]["details"] == f"unreadable, {len(CUT)} characters"
    assert [json.loads(line)["account"] for line in audit.stdout.splitlines()] == ["1", "2", "3"]
    verified = run(host, "audit", "--verify")
    assert (verified.exit_code, verified.stdout.splitlines()) == (
        1,
        [f"sub-2: the details of entry 1 are unreadable, {len(CUT)} characters", "1 problem"],
    )


@pytest.mark.parametrize("channel", ["email", "workspaces"])
def test_an_effect_cut_in_half_dies_alone(host: Host, channel: str) -> None:
    for account_id in "123":
        host.trial(account_id)
    host.check(NOON + days(14), deliver=False)
    cut = "UPDATE subs_outbox SET details = :cut WHERE account_id = '2' AND channel = :channel"
    host.db.session.execute(text(cut), {"cut": CUT, "channel": channel})
    host.db.session.commit()

    host.deliver(NOON + days(14))

    dead = {m.effect_key: m.last_error for m in host.db.session.query(OutboxMessage).filter_by(state="dead")}
    assert {(m.account_id, m.channel) for m in host.db.session.query(OutboxMessage).filter_by(state="dead")} == {
        ("2", channel)
    }
    assert all("its details are unreadable" in error for error in dead.values())
    assert {"1", "3"} <= set(host.stopped)


def test_status_of_a_run_whose_report_was_cut_is_told_all_the_same(host: Host) -> None:
    host.deliver(NOON)
    host.db.session.execute(text("UPDATE subs_job_runs SET report = :cut"), {"cut": CUT})
    host.db.session.commit()

    document = json.loads(run(host, "status", "--json").stdout)

    assert document["jobs"]["deliver"]["outcome"] == "ok"


def test_a_value_that_the_database_refuses_is_told_without_the_value(sqlite_host: Host) -> None:
    sqlite_host.trial()
    refuse = "CREATE TRIGGER refuse BEFORE UPDATE ON subs_outbox BEGIN SELECT RAISE(ABORT, 'pm_secret'); END"
    sqlite_host.db.session.execute(text(refuse))
    sqlite_host.db.session.commit()

    result = run(sqlite_host, "outbox", "drop", "trial-started:sub-1:2026-12-15")

    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("Error: the database refused a row (IntegrityError")
    assert "pm_secret" not in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not {"pm_secret", "trial-started"} & set(result.stderr.replace(":", " ").split())
