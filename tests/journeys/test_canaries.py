"""However it fails, no line, report or stored error tells an address, a name, a secret or a payment method."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from flask_subscription_ops import Contact
from flask_subscription_ops.errors import ConfigurationError, SubscriptionOpsError
from flask_subscription_ops.signals import effect_failed

from ..cli.test_usage import run
from ..hosts import NOON, Host, days, make_host
from .canaries import ADDRESS, CONFIG, METHOD, NAME, PASSWORD, SECRET, TOKEN, assert_no_canary
from .canary_faults import FAULTS

END = NOON + days(14)
COMMANDS = (
    ("trial-check", "--dry-run"),
    ("trial-check",),
    ("deliver", "--json"),
    ("trial-check", "--json"),
    ("outbox", "list"),
    ("outbox", "list", "--json"),
    ("show", "1"),
    ("list",),
    ("extend", "1", "1"),
    ("unpause", "1"),
    ("status", "--json"),
    ("audit",),
    ("doctor",),
    ("doctor", "--json"),
    ("deployment", "show"),
    ("deliver",),
)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.mark.parametrize("fault", FAULTS)
def test_no_failure_tells_what_it_was_about(
    make_on_sqlite: Callable[..., Host], stack: ExitStack, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    transport, break_it = FAULTS[fault]
    host = make_on_sqlite(**CONFIG, SUBS_MAIL=transport)
    host.known["1"] = Contact(ADDRESS, NAME)
    host.trial("1")
    host.trial("2", payment_method=METHOD)
    break_it(host, stack)

    heard: list[str] = []
    stack.enter_context(effect_failed.connected_to(lambda app, **facts: heard.append(str(facts))))

    told = [_told(host, *words) for words in COMMANDS]

    assert_no_canary("\n".join([*told, *heard, caplog.text, *_stored(host)]))
    assert "failed" in told[1] + told[2], "the fault did nothing"


def _told(host: Host, *words: str) -> str:
    dated = ["--as-of", (END + timedelta(minutes=1)).isoformat()] if words[0] in ("trial-check", "deliver") else []
    result = run(host, *words, *dated)
    host.db.session.rollback()
    return result.stdout + result.stderr


def _stored(host: Host) -> list[str]:
    columns = {"subs_outbox": "last_error", "subs_job_runs": "report", "subs_audit": "details"}
    found = [host.db.session.execute(text(f"SELECT {name} FROM {table}")) for table, name in columns.items()]
    return [str(value) for rows in found for value in rows.scalars()]


REFUSED: dict[str, Callable[[Host], object]] = {
    "method": lambda host: host.subs.start_trial("9", "pro", payment_method=METHOD + "x" * 300),
    "method in lines": lambda host: host.subs.start_trial("9", "pro", payment_method=f"{METHOD}\n"),
    "method of many": lambda host: host.subs.start_trial("9", "pro", payment_method=[METHOD]),  # type: ignore[arg-type]
    "method of a trial": lambda host: host.subs.subscribe("1", "pro", payment_method=f"{METHOD}\ud800"),
    "account": lambda host: host.subs.start_trial(f"{NAME}\n", "pro"),
    "reason": lambda host: host.subs.cancel(host.trial("8"), reason=f"{NAME}\x00"),
}


@pytest.mark.parametrize("argument", REFUSED)
def test_an_error_of_a_service_never_repeats_what_it_refused(host: Host, argument: str) -> None:
    host.trial("1")

    with pytest.raises(SubscriptionOpsError) as refused:
        REFUSED[argument](host)

    assert_no_canary(str(refused.value))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://me:{PASSWORD}@127.0.0.1:1/nowhere",
        f"postgresql+psycopg://127.0.0.1:1/nowhere?user=me&password={PASSWORD}",
        f"mysql+pymysql://me:{PASSWORD}@127.0.0.1:1/nowhere",
    ],
)
def test_a_database_that_is_down_is_told_without_its_password(url: str, words: tuple[str, ...]) -> None:
    result = run(make_host(url), *words)

    assert result.exit_code == 3
    assert "127.0.0.1:1/nowhere" in result.stdout + result.stderr
    assert_no_canary(result.stdout + result.stderr)


def test_an_app_that_is_not_set_up_is_told_without_its_secrets() -> None:
    wrong: dict[str, Any] = {
        "SUBS_TRIGGER_TOKENS": [7, TOKEN],
        "SUBS_STRIPE_SECRET_KEY": [SECRET],
        "SUBS_TRIAL_DAYS": 0,
    }

    with pytest.raises(ConfigurationError) as refused:
        make_host("sqlite://", **CONFIG, **wrong)

    assert_no_canary(str(refused.value))


def test_settings_are_shown_without_their_secrets() -> None:
    host = make_host("sqlite://", **CONFIG)

    assert_no_canary(repr(host.app.extensions["subscription_ops.runtime"].settings))
