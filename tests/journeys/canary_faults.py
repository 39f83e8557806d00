"""Ways in which an app fails while it has canaries in hand."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from flask_mail import Mail
from jinja2 import DictLoader
from sqlalchemy import text

from flask_subscription_ops import Contact
from flask_subscription_ops.errors import PermanentFailure, UnknownOutcome
from flask_subscription_ops.signals import effect_failed, job_finished, subscription_changed
from flask_subscription_ops.testing import Reply, Verdict
from flask_subscription_ops.workspaces.http import HttpProvisioner

from ..hosts import Host
from ..mail.fake_mailjet import FakeMailjet
from ..mail.fake_smtp import FakeSmtp
from .canaries import ADDRESS, METHOD, NAME, PASSWORD, SAID, TOKEN

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
