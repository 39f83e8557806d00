from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable

import pytest

from flask_subscription_ops.models import OutboxMessage, Subscription

from ..hosts import NOON, Host, days
from ..runs.test_run import KEYS
from .conftest import Shop, start_trials
from .test_usage import run

AT_THE_END = (NOON + days(14)).isoformat()


def test_json_is_exactly_one_object_on_stdout_and_logs_are_on_stderr(shop: Shop, books: Host) -> None:
    start_trials(books, 3)
    for model in (Subscription, OutboxMessage):
        books.db.session.query(model).filter_by(account_id="2").update({"account_id": "not one, mailbox"})
    books.db.session.commit()

    result = shop.subs("trial-check", "--as-of", (NOON + days(7)).isoformat(), "--json")

    report = json.loads(result.stdout)
    assert result.stdout.count("\n") == 1
    assert list(report) == KEYS
    assert (result.returncode, report["outcome"], report["effects"]["failed"]) == (
        1,
        "partial",
        {"trial_started": 1, "trial_reminder": 1},
    )
    assert "failed and is dead" in result.stderr


def test_a_run_stopped_by_the_brake_adds_only_its_token_and_reason(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(SUBS_BRAKE_MIN=0, SUBS_BRAKE_SHARE=0.0)
    host.trial()

    result = run(host, "trial-check", "--as-of", AT_THE_END, "--json")

    report = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (4, "")
    assert set(report) == {*KEYS, "confirm", "stopped_by"}
    assert report["run"] == 1


def test_a_dry_run_adds_only_what_it_planned(sqlite_host: Host) -> None:
    sqlite_host.trial()

    report = json.loads(run(sqlite_host, "trial-check", "--as-of", AT_THE_END, "--dry-run", "--json").stdout)

    assert set(report) == {*KEYS, "planned"}
    assert report["run"] is None


def test_the_last_line_of_a_stopped_run_is_the_command_to_repeat(shop: Shop, books: Host) -> None:
    shop.config |= {"SUBS_BRAKE_MIN": 1, "SUBS_BRAKE_SHARE": 0.0}
    start_trials(books, 3)

    stopped = shop.subs("trial-check", "--as-of", AT_THE_END, "--no-deliver")
    again = shop.subs("trial-check", "--as-of", AT_THE_END, "--no-deliver", "--confirm=00000000")
    repeat = again.stderr.splitlines()[-1]
    repeated = shop.shell(repeat)
    twice = shop.shell(repeat)

    assert (stopped.returncode, again.returncode) == (4, 4)
    assert shlex.split(repeat)[:-1] == [
        *["flask", "subs", "trial-check", "--as-of", AT_THE_END.replace("+00:00", "Z")],
        *["--no-deliver", "--confirm"],
    ]
    assert (repeated.returncode, twice.returncode) == (0, 0)
    assert "changed=3" in repeated.stdout
    assert "examined=0" in twice.stdout


def test_the_command_to_repeat_keeps_the_app_it_was_given(shop: Shop, books: Host) -> None:
    shop.config |= {"SUBS_BRAKE_MIN": 1, "SUBS_BRAKE_SHARE": 0.0}
    start_trials(books, 3)
    (shop.folder / "a shop.py").write_text((shop.folder / "shop.py").read_text())

    stopped = shop.shell(f"flask --app 'a shop.py' subs trial-check --as-of {AT_THE_END} --confirm 00000000")
    repeated = shop.shell(stopped.stderr.splitlines()[-1])

    assert (stopped.returncode, repeated.returncode) == (4, 0)


def test_a_pipe_gets_lines_and_no_bar(shop: Shop, books: Host) -> None:
    start_trials(books, 3)

    result = shop.subs("trial-check", "--as-of", AT_THE_END)

    assert result.stderr == ""
    [line] = result.stdout.splitlines()
    assert line.startswith("job=trial-check outcome=ok examined=3 changed=3 skipped=0 failed=0 ")
    assert "\x1b" not in line
    assert "delivered.trial_expired=3" in line


def test_a_terminal_gets_a_bar_and_a_table(shop: Shop, books: Host) -> None:
    start_trials(books, 3)

    shown, code = on_a_terminal(shop, ["flask", "subs", "trial-check", "--as-of", AT_THE_END.replace("+00:00", "Z")])

    assert code == 0
    assert "trial-check  [" in shown
    assert "\r" in shown
    table = shown[shown.index("job  ") :].splitlines()
    assert [line.split() for line in table][:4] == [
        ["job", "trial-check"],
        ["outcome", "ok"],
        ["examined", "3"],
        ["changed", "3"],
    ]


def test_json_on_a_terminal_is_still_one_object(shop: Shop, books: Host) -> None:
    shown, _ = on_a_terminal(shop, ["flask", "subs", "trial-check", "--json"])

    assert list(json.loads(shown)) == KEYS


def test_a_dry_run_says_what_it_would_do(sqlite_host: Host) -> None:
    for number in range(25):
        sqlite_host.trial(str(number))

    lines = run(sqlite_host, "trial-check", "--as-of", AT_THE_END, "--dry-run").stdout.splitlines()

    assert lines[:3] == [
        "would end 25: trialing -> expired",
        "would end sub-1 (account 0): trialing -> expired [trial_expired, suspend_workspaces]",
        "would end sub-2 (account 1): trialing -> expired [trial_expired, suspend_workspaces]",
    ]
    accounts = [line.partition("account ")[2].partition(")")[0] for line in lines[1:21]]
    assert accounts == [str(number) for number in range(20)]
    assert lines[21] == "... and 5 more; --json lists them all"
    assert "dry_run=yes" in lines[22]


@pytest.mark.parametrize("option", ["--no-deliver", None])
def test_no_deliver_leaves_the_effects_for_later(sqlite_host: Host, option: str | None) -> None:
    sqlite_host.trial()

    run(sqlite_host, *filter(None, ["trial-check", "--as-of", AT_THE_END, option]))

    assert bool(sqlite_host.stopped) == (option is None)


def on_a_terminal(shop: Shop, command: list[str]) -> tuple[str, int]:
    """Run a command whose output and errors are one terminal's."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=shop.environment, cwd=shop.folder
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                more = os.read(ours, 65536)
            except OSError:  # how Linux says that the other side is gone
                break
            if not more:
                break
            shown += more
    os.close(ours)
    return shown.decode().replace("\r\n", "\n"), process.returncode
