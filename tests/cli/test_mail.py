"""`mail preview` and `mail send-test`."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from click.shell_completion import ShellComplete
from flask_mail import Mail

from flask_subscription_ops.domain.emails import EMAILS
from flask_subscription_ops.models import OutboxMessage

from ..hosts import NOON, Host, make_host
from ..mail.fake_mailjet import FakeMailjet
from ..mail.fake_smtp import FakeSmtp
from ..mail.test_render import template
from ..outside.addresses import closed_address
from .test_usage import run

ADDRESS = "me@customer.example"
Make = Callable[..., Host]


class Inbox(Message):
    """Keeps what a real SMTP server took."""

    def __init__(self) -> None:
        super().__init__(EmailMessage)
        self.messages: list[EmailMessage] = []

    def handle_message(self, message: Any) -> None:
        self.messages.append(email.message_from_bytes(message.as_bytes(), policy=email.policy.default))


@pytest.fixture
def make(sqlite_url: str) -> Make:
    """Make a host that has no tables, with Flask-Mail."""

    def make(**config: Any) -> Host:
        host = make_host(sqlite_url, **config)
        Mail(host.app)
        return host

    return make


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def smtp_host(make: Make, inbox: Inbox) -> Iterator[Host]:
    host, port = closed_address()
    controller = Controller(inbox, hostname=host, port=port)
    controller.start()
    try:
        yield make(SUBS_MAIL="smtp", MAIL_SERVER=host, MAIL_PORT=port)
    finally:
        controller.stop()


@pytest.fixture
def fake_smtp() -> Iterator[FakeSmtp]:
    with FakeSmtp() as server:
        yield server


@pytest.fixture
def mailjet() -> Iterator[FakeMailjet]:
    with FakeMailjet() as server:
        yield server


def through_mailjet(make: Make, server: FakeMailjet) -> Host:
    keys = {"SUBS_MAILJET_API_KEY": "0f1e2d3c4b5a", "SUBS_MAILJET_API_SECRET": "a5b4c3d2e1f0"}
    return make(SUBS_MAIL="mailjet", SUBS_MAILJET_API_BASE=server.base, **keys)


@pytest.mark.parametrize("locale", ["en", "tr", "ru", "de_AT"])
@pytest.mark.parametrize("kind", EMAILS)
def test_a_test_arrives_over_smtp_marked_and_of_no_effect(
    smtp_host: Host, inbox: Inbox, kind: str, locale: str
) -> None:
    result = run(smtp_host, "mail", "send-test", kind, ADDRESS, "--locale", locale)

    [message] = inbox.messages
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("smtp took '[TEST] ")
    assert message["Subject"].startswith("[TEST] ")
    assert message["To"].addresses[0].addr_spec == ADDRESS
    assert message["X-Subs-Effect"] is None
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_it_says_what_the_preview_says_counted_from_now(smtp_host: Host, inbox: Inbox) -> None:
    with smtp_host.app.app_context():
        smtp_host.at(NOON)

    run(smtp_host, "mail", "send-test", "trial_reminder", ADDRESS, "--locale", "en_GB")

    [message] = inbox.messages
    assert message["Subject"] == "[TEST] Your host trial ends in 3 days"
    assert message["Date"].datetime == NOON
    part = message.get_body(("plain",))
    assert part is not None
    assert "Your pro trial ends on 4 December 2026 at 12:00 (London)." in part.get_content()


def test_nothing_is_stored(sqlite_host: Host) -> None:
    run(sqlite_host, "mail", "send-test", "subscribed", ADDRESS)

    assert [sent.recipient for sent in sqlite_host.subs.mailbox] == [ADDRESS]
    assert sqlite_host.db.session.query(OutboxMessage).count() == 0


def test_each_test_is_a_file_of_its_own(make: Make, tmp_path: Path) -> None:
    host = make(SUBS_MAIL="file", SUBS_MAIL_DIR=str(tmp_path / "mail"))

    for _ in range(2):
        assert run(host, "mail", "send-test", "canceled", ADDRESS).exit_code == 0

    assert len(list((tmp_path / "mail").glob("test_canceled_*.eml"))) == 2


def test_each_test_is_new_to_mailjet(make: Make, mailjet: FakeMailjet) -> None:
    host = through_mailjet(make, mailjet)

    for _ in range(2):
        assert run(host, "mail", "send-test", "canceled", ADDRESS).exit_code == 0

    first, second = mailjet.accepted.values()
    assert first["CustomCampaign"] != second["CustomCampaign"]
    assert "X-Subs-Effect" not in first["Headers"]


def test_json_is_one_object(sqlite_host: Host) -> None:
    result = run(sqlite_host, "mail", "send-test", "trial_expired", ADDRESS, "--json")

    assert json.loads(result.stdout) == {
        "kind": "trial_expired",
        "subject": "[TEST] Your host trial has ended",
        "verdict": "accepted",
        "transport": "memory",
        "detail": "",
    }


def test_a_host_that_suppresses_its_emails_is_told_so(make: Make) -> None:
    host = make(SUBS_MAIL="smtp", MAIL_SUPPRESS_SEND=True)

    result = run(host, "mail", "send-test", "canceled", ADDRESS)

    assert result.exit_code == 0
    assert result.stdout.endswith(", suppressed by MAIL_SUPPRESS_SEND or TESTING\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("newsletter", ADDRESS), "there is no email 'newsletter'; there are alert, canceled, subscribed, trial_"),
        (("canceled", "me"), "the address is not an email address: it has no @"),
        (("canceled", "a@b.example, c@d.example"), "the address is not exactly one mailbox"),
        (("canceled", ""), "the address is not an email address"),
    ],
)
def test_a_wrong_kind_or_address_is_wrong_usage(sqlite_host: Host, words: tuple[str, str], sentence: str) -> None:
    result = run(sqlite_host, "mail", "send-test", *words)

    assert (result.exit_code, result.stdout, sqlite_host.subs.mailbox) == (2, "", [])
    assert sentence in result.stderr.splitlines()[-1]


def test_a_server_that_cannot_be_reached_ends_with_three_and_what_to_look_at(make: Make) -> None:
    server, port = closed_address()
    host = make(SUBS_MAIL="smtp", MAIL_SERVER=server, MAIL_PORT=port)

    result = run(host, "mail", "send-test", "canceled", ADDRESS, "--json")

    assert (result.exit_code, json.loads(result.stdout)["verdict"]) == (3, "deferred")
    [line] = result.stderr.splitlines()
    assert line.startswith("Error: the mail transport cannot be used: ")
    assert line.endswith("; `flask subs doctor` tells what to mend")


@pytest.mark.parametrize(
    ("step", "reply", "code", "sentence"),
    [
        ("RCPT", "550 5.1.1 no such user", 1, "refused; try another address, or correct the sender"),
        ("RCPT", "450 4.2.0 greylisted", 1, "not taken now; try again later"),
        ("MAIL", "530 5.7.0 log in first", 3, "`flask subs doctor` tells what to mend"),
    ],
)
def test_what_a_server_answers_is_said_in_one_sentence(
    make: Make, fake_smtp: FakeSmtp, step: str, reply: str, code: int, sentence: str
) -> None:
    fake_smtp.replies[step] = reply
    host = make(SUBS_MAIL="smtp", MAIL_SERVER="127.0.0.1", MAIL_PORT=fake_smtp.port)

    result = run(host, "mail", "send-test", "canceled", ADDRESS)

    [line] = result.stderr.splitlines()
    assert (result.exit_code, result.stdout) == (code, "")
    assert line.endswith(sentence)
    assert ADDRESS not in line


def test_an_answer_that_was_lost_says_where_to_look(make: Make, fake_smtp: FakeSmtp) -> None:
    fake_smtp.drops.add("end")
    host = make(SUBS_MAIL="smtp", MAIL_SERVER="127.0.0.1", MAIL_PORT=fake_smtp.port)

    result = run(host, "mail", "send-test", "canceled", ADDRESS)

    assert result.exit_code == 1
    assert result.stderr.endswith(": it may have been sent; look into the inbox before you try again\n")


def test_mailjets_refusals_are_told_as_well(make: Make, mailjet: FakeMailjet) -> None:
    mailjet.errors = {ADDRESS: {"ErrorCode": "mj-0013", "StatusCode": 400}}
    refused = run(through_mailjet(make, mailjet), "mail", "send-test", "canceled", ADDRESS)
    mailjet.statuses = [401]
    unknown = run(through_mailjet(make, mailjet), "mail", "send-test", "canceled", ADDRESS)

    assert (refused.exit_code, unknown.exit_code) == (1, 3)
    assert refused.stderr.startswith("Error: Mailjet refused it: mj-0013: refused; ")


def test_what_is_not_set_up_ends_with_three_before_anything_is_reached(make: Make) -> None:
    host = make(SUBS_MAIL="smtp", MAIL_DEFAULT_SENDER=None)

    result = run(host, "mail", "send-test", "canceled", ADDRESS)

    assert (result.exit_code, result.stdout) == (3, "")
    assert "emails have no sender: set SUBS_MAIL_SENDER or MAIL_DEFAULT_SENDER" in result.stderr


@pytest.mark.parametrize("command", ["preview", "send-test"])
def test_help_names_the_kinds(sqlite_host: Host, command: str) -> None:
    words = " ".join(run(sqlite_host, "mail", command, "--help").stdout.split())

    assert f"KIND is one of {', '.join(EMAILS)}, or one that a template of yours adds." in words


@pytest.mark.parametrize("command", ["preview", "send-test"])
def test_a_shell_completes_the_kinds_those_of_the_host_as_well(sqlite_host: Host, tmp_path: Path, command: str) -> None:
    template(sqlite_host.app, tmp_path, "trial_news.txt", "Subject: Hi\n\nHi.\n")
    complete = ShellComplete(sqlite_host.app.cli, {}, "flask", "_FLASK_COMPLETE")

    found = complete.get_completions(["subs", "mail", command], "trial_")

    assert [item.value for item in found] == ["trial_expired", "trial_news", "trial_reminder", "trial_started"]


def test_without_an_app_a_shell_completes_the_kinds_that_ship(make: Make) -> None:
    complete = ShellComplete(make().app.cli, {}, "flask", "_FLASK_COMPLETE")

    assert [item.value for item in complete.get_completions(["subs", "mail", "preview"], "c")] == ["canceled"]


def test_a_preview_is_rendered_as_the_job_does_it(sqlite_host: Host, tmp_path: Path) -> None:
    template(sqlite_host.app, tmp_path, "trial_reminder.txt", "Subject: {{ days }} {{ days_left }}\n\nHi.\n")
    template(sqlite_host.app, tmp_path, "trial_expired.txt", "Subject: {{ ended_at|date }}\n\nHi.\n")

    reminder = run(sqlite_host, "mail", "preview", "trial_reminder").stdout
    expired = run(sqlite_host, "mail", "preview", "trial_expired").stdout

    assert "Subject: 3 3\n" in reminder
    assert "Subject: December 1, 2026\n" in expired
