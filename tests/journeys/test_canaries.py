"""However it fails, no line, report or stored error tells an address, a name, a secret or a payment method."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask_mail import Mail
from jinja2 import DictLoader
from sqlalchemy import text

from flask_subscription_ops import Contact
from flask_subscription_ops.errors import ConfigurationError, PermanentFailure, SubscriptionOpsError, UnknownOutcome
from flask_subscription_ops.signals import effect_failed, job_finished, subscription_changed
from flask_subscription_ops.testing import Reply, Verdict
from flask_subscription_ops.workspaces.http import HttpProvisioner

from ..cli.test_usage import run
from ..hosts import NOON, Host, days, make_host, running_host
from ..mail.fake_mailjet import FakeMailjet
from ..mail.fake_smtp import FakeSmtp

END = NOON + days(14)
ADDRESS, NAME, METHOD = "canary.ada@customer.example", "Canary Lovelace", "pm_canary_card"
PASSWORD, KEY, SECRET, TOKEN = (
    "canary-password",
    "canary-api-key",
    "canary-api-secret",
    "canary-signing-secret-0123456789",
)
SAID = f'550 5.1.1 <{ADDRESS}> "{ADDRESS}"\nsmtp://me:{PASSWORD}@mail.example https://api.example/?api_key={KEY}'
CONFIG = {
    "SUBS_MAILJET_API_KEY": KEY,
    "SUBS_MAILJET_API_SECRET": SECRET,
    "SUBS_WORKSPACES_SECRETS": [TOKEN],
    "MAIL_USERNAME": "me",
    "MAIL_PASSWORD": PASSWORD,
    "MAIL_SERVER": "127.0.0.1",
    "SUBS_MAIL_TIMEOUT": 1,
    "SUBS_HOOK_TIMEOUT": 1,
}
COMMANDS = (
    ("trial-check", "--dry-run"),
    ("trial-check",),
    ("deliver", "--json"),
    ("trial-check", "--json"),
    ("outbox", "list"),
    ("outbox", "list", "--json"),
    ("show", "1"),
    ("status", "--json"),
    ("audit",),
    ("doctor",),
    ("doctor", "--json"),
    ("deployment", "show"),
    ("deliver",),
)
ERRORS = (RuntimeError, PermanentFailure, UnknownOutcome, OSError, KeyError)


def fail_with(error: Exception) -> Callable[..., Any]:
    def fail(account_ids: Any) -> Any:
        raise error

    return fail


def contacts_fail(host: Host, stack: ExitStack) -> None:
    host.subs.contacts(fail_with(RuntimeError(SAID)))


def contacts_are_no_contacts(host: Host, stack: ExitStack) -> None:
    host.subs.contacts(lambda account_ids: dict.fromkeys(account_ids, SAID))


def addresses_cannot_be_used(host: Host, stack: ExitStack) -> None:
    host.known["1"] = Contact(f"{ADDRESS}, {ADDRESS}", NAME)


def zones_and_transport_fail(host: Host, stack: ExitStack) -> None:
    host.known["1"] = Contact(ADDRESS, NAME, locale=NAME, timezone=ADDRESS)
    host.script(Reply(Verdict.DEFERRED, SAID))


def templates_fail(host: Host, stack: ExitStack) -> None:
    broken = {f"subscription_ops/mail/{kind}.txt": "{{ contact.email / 0 }}" for kind in ("trial_started",)}
    broken["subscription_ops/mail/trial_expired.txt"] = "Subject: {{ nobody[contact.name].x }}"
    host.app.jinja_loader = DictLoader(broken)  # type: ignore[misc]


def smtp_with(server: FakeSmtp, host: Host, stack: ExitStack) -> None:
    stack.enter_context(server)
    host.app.config.update(MAIL_PORT=server.port)
    Mail(host.app)


def smtp_refuses_the_recipient(host: Host, stack: ExitStack) -> None:
    server = FakeSmtp()
    server.replies["RCPT"] = lambda line: f"550 5.1.1 no such user {line}"
    smtp_with(server, host, stack)


def smtp_refuses_the_content(host: Host, stack: ExitStack) -> None:
    server = FakeSmtp()
    server.replies["end"] = f"554 5.7.1 spam for {ADDRESS}"
    smtp_with(server, host, stack)


def smtp_cannot_log_in(host: Host, stack: ExitStack) -> None:
    server = FakeSmtp()
    server.extensions.append("AUTH PLAIN")
    server.replies["AUTH"] = f"535 5.7.8 bad password {PASSWORD}"
    smtp_with(server, host, stack)


def smtp_is_silent(host: Host, stack: ExitStack) -> None:
    server = FakeSmtp()
    server.silences.add("DATA")
    smtp_with(server, host, stack)


def nobody_listens(host: Host, stack: ExitStack) -> None:
    host.app.config.update(MAIL_PORT=1)
    Mail(host.app)


def mailjet_refuses(host: Host, stack: ExitStack) -> None:
    server = stack.enter_context(FakeMailjet())
    server.errors["owner-1@customer.example"] = {"ErrorCode": "mj-0013", "StatusCode": 400, "ErrorMessage": SAID}
    server.errors[ADDRESS] = {"ErrorCode": SAID, "StatusCode": 400, "ErrorMessage": SAID}
    _mailjet(host, server)


def mailjet_answers_nonsense(host: Host, stack: ExitStack) -> None:
    server = stack.enter_context(FakeMailjet())
    server.answer = {"Messages": [SAID]}
    _mailjet(host, server)


def mailjet_knows_no_key(host: Host, stack: ExitStack) -> None:
    server = stack.enter_context(FakeMailjet())
    server.statuses = [401] * 100
    _mailjet(host, server)


def _mailjet(host: Host, server: FakeMailjet) -> None:
    host.subs.runtime.settings = replace(host.subs.settings, mailjet_api_base=server.base)


def workspaces_are_unreachable(host: Host, stack: ExitStack) -> None:
    host.subs.runtime.provisioner = HttpProvisioner("http://127.0.0.1:1/x", [TOKEN], timeout=1)


def the_database_refuses_rows(host: Host, stack: ExitStack) -> None:
    refuse = f"CREATE TRIGGER refuse BEFORE UPDATE ON subs_subscriptions BEGIN SELECT RAISE(ABORT, '{METHOD}'); END"
    host.db.session.execute(text(refuse))
    host.db.session.commit()


def receivers_fail(host: Host, stack: ExitStack) -> None:
    def hear(sender: object, **facts: object) -> None:
        raise RuntimeError(SAID)

    for signal in (effect_failed, job_finished, subscription_changed):
        stack.enter_context(signal.connected_to(hear))
    addresses_cannot_be_used(host, stack)


def hook_that_raises(kind: type[Exception]) -> Callable[[Host, ExitStack], None]:
    def workspaces_fail(host: Host, stack: ExitStack) -> None:
        host.subs.suspend_workspaces(lambda account_id, operation: fail_with(kind(SAID))(account_id))

    return workspaces_fail


MEMORY: dict[str, Callable[[Host, ExitStack], None]] = {
    fault.__name__: fault
    for fault in (
        contacts_fail,
        contacts_are_no_contacts,
        addresses_cannot_be_used,
        zones_and_transport_fail,
        templates_fail,
        workspaces_are_unreachable,
        the_database_refuses_rows,
        receivers_fail,
    )
} | {f"workspaces raise {kind.__name__}": hook_that_raises(kind) for kind in ERRORS}
SMTP = (smtp_refuses_the_recipient, smtp_refuses_the_content, smtp_cannot_log_in, smtp_is_silent, nobody_listens)
MAILJET = (mailjet_refuses, mailjet_answers_nonsense, mailjet_knows_no_key)
FAULTS: dict[str, tuple[str, Callable[[Host, ExitStack], None]]] = {
    **{name: ("memory", fault) for name, fault in MEMORY.items()},
    **{fault.__name__: ("smtp", fault) for fault in SMTP},
    **{fault.__name__: ("mailjet", fault) for fault in MAILJET},
}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.mark.parametrize("fault", FAULTS)
def test_no_failure_tells_what_it_was_about(
    sqlite_url: str, stack: ExitStack, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    transport, break_it = FAULTS[fault]
    host = stack.enter_context(running_host(sqlite_url, **CONFIG, SUBS_MAIL=transport))
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


def assert_no_canary(told: str) -> None:
    for canary in (ADDRESS, "canary.ada", "Canary", NAME, METHOD, PASSWORD, KEY, SECRET, TOKEN):
        assert canary not in told


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
    assert "127.0.0.1:1/nowhere" in result.stderr
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
