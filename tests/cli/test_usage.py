from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result

from ..hosts import NOON, Host, days
from .conftest import Shop

WRONG = {
    "unknown job": ("nope",),
    "date that is none": ("trial-check", "--as-of", "yesterday"),
    "date without a zone": ("trial-check", "--as-of", "2026-12-01T09:00:00"),
    "day alone": ("deliver", "--as-of", "2026-12-01"),
    "date before all time": ("trial-check", "--as-of", "0001-01-01T00:00:00+14:00", "--dry-run"),
    "date after all time": ("trial-check", "--as-of", "9999-12-31T23:59:59-14:00", "--dry-run"),
    "negative limit": ("trial-check", "--limit", "-1"),
    "limit of nothing": ("deliver", "--limit", "0"),
    "limit that is none": ("deliver", "--limit", "many"),
    "unknown option": ("trial-check", "--force"),
    "too many words": ("trial-check", "now"),
    "since that is none": ("audit", "--since", "last week"),
    "unknown state": ("outbox", "list", "--state", "lost"),
    "unknown effect": ("outbox", "retry", "trial-started:sub-99:2026-12-15"),
    "nothing to drop": ("outbox", "drop"),
    "unknown email": ("mail", "preview", "newsletter"),
    "no account": ("show",),
}


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG)
def test_wrong_usage_ends_with_two_and_one_sentence(sqlite_host: Host, words: tuple[str, ...]) -> None:
    result = run(sqlite_host, *words)

    assert result.exit_code == 2
    assert result.stdout == ""
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert result.stderr.splitlines()[-1] == errors[0]


@pytest.mark.parametrize("words", [("nope",), ("trial-check", "--as-of", "yesterday"), ("deliver", "--limit", "-1")])
def test_an_operators_mistake_shows_no_traceback(shop: Shop, books: Host, words: tuple[str, ...]) -> None:
    result = shop.subs(*words)

    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


def test_travelling_in_time_needs_leave_or_a_dry_run(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(SUBS_ALLOW_TIME_TRAVEL=False)
    host.trial()

    refused = run(host, "trial-check", "--as-of", "2026-12-15T12:00:00Z")
    allowed = run(host, "trial-check", "--as-of", "2026-12-15T12:00:00Z", "--dry-run")

    assert (refused.exit_code, allowed.exit_code) == (2, 0)
    assert "--dry-run" in refused.stderr
    assert "trialing -> expired" in allowed.stdout


def test_help_names_every_job_and_command(sqlite_host: Host) -> None:
    result = run(sqlite_host, "--help")

    for name in (
        "trial-check",
        "deliver",
        "status",
        "list",
        "show",
        "extend",
        "cancel",
        "audit",
        "outbox",
        "deployment",
        "doctor",
        "systemd",
    ):
        assert f"  {name} " in result.stdout


def test_the_group_takes_the_configured_name(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(SUBS_CLI_GROUP="billing")

    result = host.app.test_cli_runner().invoke(args=["billing", "status", "--json"])

    assert result.exit_code == 0


def test_a_failed_effect_ends_with_one(sqlite_host: Host) -> None:
    from flask_subscription_ops import Contact

    sqlite_host.trial()
    sqlite_host.known["1"] = Contact("nobody")

    result = run(sqlite_host, "trial-check", "--as-of", (NOON + days(1)).isoformat())

    assert result.exit_code == 1
    assert "failed: trial-started:sub-1:2026-12-15: the address is not an email address" in result.stdout


def run(host: Host, *words: str) -> Result:
    return host.app.test_cli_runner().invoke(args=["subs", *words], catch_exceptions=False)
