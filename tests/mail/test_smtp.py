from __future__ import annotations

import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from flask import Flask
from flask_mail import Mail

from flask_subscription_ops.errors import ConfigurationError, TemporaryFailure
from flask_subscription_ops.mail.base import Email, Outcome, Verdict
from flask_subscription_ops.mail.mime import to_bytes
from flask_subscription_ops.mail.smtp.client import _own_name
from flask_subscription_ops.mail.smtp.transport import SmtpTransport

from ..outside.addresses import resolve_to, silent_address
from .fake_smtp import FakeSmtp

AUTHORITY = trustme.CA()
Send = Callable[..., list[Outcome]]


@pytest.fixture
def send(smtp_app: Flask, make_settings: Callable[..., Any], make_email: Callable[..., Email]) -> Send:
    def send(count: int = 1, timeout: float = 5.0, **changes: Any) -> list[Outcome]:
        transport = SmtpTransport(smtp_app, make_settings(mail_timeout=timeout))
        return list(transport.send(make_email(number, **changes) for number in range(1, count + 1)))

    return send


def verdicts(outcomes: list[Outcome]) -> list[Verdict]:
    return [outcome.verdict for outcome in outcomes]


def test_the_bytes_arrive_unchanged(send: Send, smtp_server: FakeSmtp, make_email: Callable[..., Email]) -> None:
    send()

    assert smtp_server.accepted == [to_bytes(make_email(1))]


def test_many_emails_share_one_connection(send: Send, smtp_server: FakeSmtp) -> None:
    send(5)

    assert smtp_server.connections == 1
    assert smtp_server.ended.wait(5)
    assert smtp_server.commands[-1] == "QUIT"


def test_a_connection_gives_as_many_replies_as_it_has_emails(send: Send, smtp_server: FakeSmtp) -> None:
    outcomes = send(60)

    assert set(verdicts(outcomes)) == {Verdict.ACCEPTED}
    assert smtp_server.connections == 1


@pytest.mark.parametrize("extensions", [["PIPELINING"], []], ids=["pipelined", "in steps"])
class TestReplies:
    @pytest.fixture(autouse=True)
    def _extensions(self, smtp_server: FakeSmtp, extensions: list[str]) -> None:
        smtp_server.extensions = extensions

    @pytest.mark.parametrize("step", ["RCPT", "DATA", "end"])
    def test_a_5xx_refuses_this_email_and_the_next_one_goes(self, send: Send, smtp_server: FakeSmtp, step: str) -> None:
        answers = iter(["550 5.1.1 <user1@example.com> no"])
        smtp_server.replies[step] = lambda _: next(answers, "")

        outcomes = send(2)

        assert verdicts(outcomes) == [Verdict.REFUSED, Verdict.ACCEPTED]
        assert outcomes[0].detail.endswith("answered 550 5.1.1")
        assert smtp_server.connections == 1

    @pytest.mark.parametrize("step", ["RCPT", "DATA", "end"])
    def test_a_4xx_defers_this_email_and_the_next_one_goes(self, send: Send, smtp_server: FakeSmtp, step: str) -> None:
        answers = iter(["451 4.3.0 later"])
        smtp_server.replies[step] = lambda _: next(answers, "")

        outcomes = send(2)

        assert verdicts(outcomes) == [Verdict.DEFERRED, Verdict.ACCEPTED]
        assert smtp_server.connections == 1

    @pytest.mark.parametrize("step", ["connect", "EHLO", "MAIL"])
    def test_a_server_that_leaves_before_it_heard_of_the_email_leaves_every_email(
        self, send: Send, smtp_server: FakeSmtp, step: str
    ) -> None:
        smtp_server.drops = {step}

        outcomes = send(3)

        assert {(outcome.verdict, outcome.unreachable) for outcome in outcomes} == {(Verdict.DEFERRED, True)}
        assert smtp_server.connections == 1

    def test_a_server_that_stops_reading_the_content_costs_one_deadline(
        self, send: Send, smtp_server: FakeSmtp
    ) -> None:
        smtp_server.silences = {"body"}
        began = time.monotonic()

        [outcome] = send(timeout=0.3, text="more than the buffers between us hold\n" * 300_000)

        assert (outcome.verdict, outcome.unreachable) == (Verdict.DEFERRED, True)
        assert time.monotonic() - began < 3

    @pytest.mark.parametrize("step", ["connect", "EHLO", "MAIL", "RCPT", "DATA", "end"])
    @pytest.mark.parametrize("flood", [b"250-more to come\r\n" * 500, b"2" * 10_000], ids=["lines", "one line"])
    def test_a_reply_without_an_end_is_cut_off_by_its_size_and_memory_stays_flat(
        self, send: Send, smtp_server: FakeSmtp, step: str, flood: bytes
    ) -> None:
        smtp_server.floods[step] = flood
        tracemalloc.start()
        began = time.monotonic()

        [outcome] = send(timeout=30)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert outcome.verdict is (Verdict.UNKNOWN if step == "end" else Verdict.DEFERRED)
        assert time.monotonic() - began < 10
        assert peak < 8_000_000

    @pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "body"])
    def test_a_connection_lost_before_the_content_was_complete_defers(
        self, send: Send, smtp_server: FakeSmtp, step: str
    ) -> None:
        smtp_server.drops = {step}

        [outcome] = send(text="more than the buffers between us hold\n" * 300_000)

        assert outcome.verdict is Verdict.DEFERRED
        assert smtp_server.accepted == []

    def test_a_connection_lost_before_the_last_answer_leaves_the_outcome_unknown(
        self, send: Send, smtp_server: FakeSmtp
    ) -> None:
        smtp_server.drops = {"end"}

        [outcome] = send()

        assert outcome.verdict is Verdict.UNKNOWN
        assert len(smtp_server.accepted) == 1

    @pytest.mark.parametrize("step", ["connect", "EHLO", "MAIL", "RCPT", "DATA"])
    @pytest.mark.parametrize("way", ["silences", "trickles"])
    def test_a_server_that_stops_answering_costs_one_deadline_not_one_for_each_email(
        self, send: Send, smtp_server: FakeSmtp, step: str, way: str
    ) -> None:
        getattr(smtp_server, way).add(step)
        began = time.monotonic()

        outcomes = send(50, timeout=0.2)

        assert verdicts(outcomes) == [Verdict.DEFERRED] * 50
        assert all(outcome.unreachable for outcome in outcomes)
        assert time.monotonic() - began < 2

    @pytest.mark.parametrize("way", ["silences", "trickles"])
    def test_silence_after_the_content_is_unknown_for_that_email_and_defers_the_next(
        self, send: Send, smtp_server: FakeSmtp, way: str
    ) -> None:
        getattr(smtp_server, way).add("end")

        assert verdicts(send(3, timeout=0.2)) == [Verdict.UNKNOWN, Verdict.DEFERRED, Verdict.DEFERRED]


def test_silent_addresses_leave_time_for_the_one_that_answers(
    send: Send, smtp_server: FakeSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    with silent_address() as silent:
        resolve_to(monkeypatch, silent, silent, ("127.0.0.1", smtp_server.port))

        assert verdicts(send(timeout=1)) == [Verdict.ACCEPTED]


def test_silent_addresses_alone_take_one_deadline(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    with silent_address() as silent:
        resolve_to(monkeypatch, *[silent] * 6)

        outcomes = send(20, timeout=0.4)

    assert {(outcome.verdict, outcome.unreachable) for outcome in outcomes} == {(Verdict.DEFERRED, True)}
    assert time.monotonic() - began < 2


def test_a_look_up_that_hangs_takes_one_deadline(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: released.wait(30))
    began = time.monotonic()

    outcomes = send(20, timeout=0.2)

    released.set()
    assert {(outcome.verdict, outcome.unreachable) for outcome in outcomes} == {(Verdict.DEFERRED, True)}
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("host", "greeting"),
    [
        ("mail-1.example.com", "mail-1.example.com"),
        ("web_1.example.com", "[127.0.0.1]"),
        ("web1", "[127.0.0.1]"),
        ("10.0.0.5", "[127.0.0.1]"),
        ("", "[127.0.0.1]"),
        ("büro.example.com", "[127.0.0.1]"),
        ("a.example.com\r\nQUIT", "[127.0.0.1]"),
    ],
)
def test_the_greeting_names_this_hosts_domain_or_its_address(
    send: Send, smtp_server: FakeSmtp, monkeypatch: pytest.MonkeyPatch, host: str, greeting: str
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)

    send()

    assert smtp_server.commands[0] == f"ehlo {greeting}"


def test_an_address_of_the_sixth_version_is_marked_as_such() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        assert _own_name(server) in ("[IPv6:::1]", socket.gethostname())


@pytest.mark.parametrize(
    ("server", "said"), [(None, "is not set"), ("", "is not set"), ("💩.example", "is not the name of a host")]
)
def test_a_server_that_cannot_be_one_is_said_to_be_so(
    send: Send, smtp_app: Flask, make_settings: Callable[..., Any], server: str | None, said: str
) -> None:
    smtp_app.extensions["mail"].server = server

    [outcome] = send()

    assert (outcome.verdict, outcome.unreachable) == (Verdict.DEFERRED, True)
    assert f"MAIL_SERVER {said}" in outcome.detail
    with pytest.raises(TemporaryFailure, match=f"MAIL_SERVER {said}"):
        SmtpTransport(smtp_app, make_settings()).check()


def test_an_international_server_is_looked_up_under_its_own_name(
    send: Send, smtp_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def unknown(host: Any, *_: Any) -> None:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    smtp_app.extensions["mail"].server = "mail.faß.de"

    send()

    assert asked == ["mail.xn--fa-hia.de"]


def test_an_answer_without_a_code_leaves_the_outcome_unknown(send: Send, smtp_server: FakeSmtp) -> None:
    smtp_server.replies["end"] = "well, perhaps"

    [outcome] = send()

    assert outcome.verdict is Verdict.UNKNOWN


def test_a_server_that_closes_between_emails_is_connected_to_again(send: Send, smtp_server: FakeSmtp) -> None:
    smtp_server.emails_per_connection = 2

    assert verdicts(send(5)) == [Verdict.ACCEPTED] * 5
    assert smtp_server.connections == 3


def test_a_server_that_says_421_between_emails_is_connected_to_again(send: Send, smtp_server: FakeSmtp) -> None:
    answers = iter(["", "421 4.3.2 too many emails"])
    smtp_server.replies["MAIL"] = lambda _: next(answers, "")

    assert verdicts(send(2)) == [Verdict.ACCEPTED] * 2
    assert smtp_server.connections == 2


def test_mail_max_emails_opens_a_new_connection(send: Send, smtp_app: Flask, smtp_server: FakeSmtp) -> None:
    smtp_app.extensions["mail"].max_emails = 2

    send(5)

    assert smtp_server.connections == 3


def test_an_acceptance_is_told_before_anything_else_is_said_to_the_server(
    smtp_app: Flask, smtp_server: FakeSmtp, make_settings: Callable[..., Any], make_email: Callable[..., Email]
) -> None:
    outcomes = SmtpTransport(smtp_app, make_settings()).send(make_email(number) for number in (1, 2))

    next(outcomes)

    assert [command[:4] for command in smtp_server.commands] == ["ehlo", "MAIL", "RCPT", "DATA"]
    list(outcomes)


def test_a_recipient_that_is_not_one_mailbox_never_reaches_the_server(
    smtp_app: Flask, smtp_server: FakeSmtp, make_settings: Callable[..., Any], make_email: Callable[..., Email]
) -> None:
    hostile = make_email(1, recipient="a@example.com>\r\nRCPT TO:<b@example.com")

    [outcome] = SmtpTransport(smtp_app, make_settings()).send([hostile])

    assert outcome.verdict is Verdict.REFUSED
    assert smtp_server.commands == []


def test_an_address_that_cannot_be_used_is_refused_among_others(
    controller: Callable[..., Any], make_settings: Callable[..., Any], make_email: Callable[..., Email]
) -> None:
    class Handler:
        accepted: list[str] = []

        async def handle_RCPT(  # noqa: N802
            self, server: Any, session: Any, envelope: Any, address: str, options: Any
        ) -> str:
            if address == "user2@example.com":
                return "550 5.1.1 unknown"
            if address == "user3@example.com":
                return "450 4.2.1 greylisted"
            envelope.rcpt_tos.append(address)
            return "250 ok"

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            self.accepted.append(envelope.content)
            return "250 2.0.0 queued"

    app = controller(Handler())
    emails = [make_email(number) for number in range(1, 5)]

    outcomes = list(SmtpTransport(app, make_settings()).send(emails))

    expected = [Verdict.ACCEPTED, Verdict.REFUSED, Verdict.DEFERRED, Verdict.ACCEPTED]
    assert verdicts(outcomes) == expected
    assert Handler.accepted == [to_bytes(emails[0]), to_bytes(emails[3])]


def test_suppressed_emails_are_recorded_by_flask_mail_and_no_connection_is_made(
    smtp_app: Flask, smtp_server: FakeSmtp, make_settings: Callable[..., Any], make_email: Callable[..., Email]
) -> None:
    smtp_app.config["MAIL_SUPPRESS_SEND"] = True
    mail = Mail(smtp_app)

    with smtp_app.app_context(), mail.record_messages() as outbox:
        [outcome] = SmtpTransport(smtp_app, make_settings()).send([make_email(1)])

        assert outcome.verdict is Verdict.ACCEPTED
        assert outbox[0].subject == "Your trial ends in 7 days"
        assert outbox[0].send_to == {("User 1", "user1@example.com")}
        assert b"X-Subs-Effect: trial-reminder:sub-1:2026-12-01:7" in outbox[0].as_bytes()
    assert smtp_server.connections == 0


def test_without_flask_mail_the_remedy_is_named(make_settings: Callable[..., Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"call mail\.init_app"):
        SmtpTransport(Flask("bare"), make_settings())


class TestEncryption:
    @pytest.fixture(autouse=True)
    def _trust(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        AUTHORITY.cert_pem.write_to_path(tmp_path / "authority.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))

    def test_starttls_protects_the_login(
        self, controller: Callable[..., Any], make_settings: Callable[..., Any], make_email: Callable[..., Email]
    ) -> None:
        app = controller(
            _Sink(),
            {"MAIL_USE_TLS": True, "MAIL_USERNAME": "user", "MAIL_PASSWORD": "right"},
            tls_context=_server_context(),
            require_starttls=True,
            auth_required=True,
            authenticator=_authenticate,
        )

        [outcome] = SmtpTransport(app, make_settings()).send([make_email(1)])

        assert outcome.verdict is Verdict.ACCEPTED

    def test_tls_from_the_first_byte_works_too(
        self, controller: Callable[..., Any], make_settings: Callable[..., Any], make_email: Callable[..., Email]
    ) -> None:
        app = controller(_Sink(), {"MAIL_USE_SSL": True}, ssl_context=_server_context())

        [outcome] = SmtpTransport(app, make_settings()).send([make_email(1)])

        assert outcome.verdict is Verdict.ACCEPTED

    def test_a_wrong_password_defers(
        self, controller: Callable[..., Any], make_settings: Callable[..., Any], make_email: Callable[..., Email]
    ) -> None:
        app = controller(
            _Sink(),
            {"MAIL_USE_TLS": True, "MAIL_USERNAME": "user", "MAIL_PASSWORD": "wrong"},
            tls_context=_server_context(),
            authenticator=_authenticate,
        )
        transport = SmtpTransport(app, make_settings())

        [outcome] = transport.send([make_email(1)])

        assert (outcome.verdict, outcome.unreachable) == (Verdict.DEFERRED, True)
        with pytest.raises(TemporaryFailure, match="SMTPAuthenticationError 535"):
            transport.check()

    def test_a_certificate_nobody_vouches_for_defers(
        self,
        controller: Callable[..., Any],
        make_settings: Callable[..., Any],
        make_email: Callable[..., Email],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.delenv("SSL_CERT_FILE")
        app = controller(_Sink(), {"MAIL_USE_TLS": True}, tls_context=_server_context())

        [outcome] = SmtpTransport(app, make_settings()).send([make_email(1)])

        assert outcome.verdict is Verdict.DEFERRED

    def test_a_server_without_starttls_gets_nothing(
        self,
        smtp_app: Flask,
        smtp_server: FakeSmtp,
        make_settings: Callable[..., Any],
        make_email: Callable[..., Email],
    ) -> None:
        smtp_app.extensions["mail"].use_tls = True

        [outcome] = SmtpTransport(smtp_app, make_settings()).send([make_email(1)])

        assert outcome.verdict is Verdict.DEFERRED
        assert [command.split()[0] for command in smtp_server.commands] == ["ehlo"]

    def test_the_handshake_is_part_of_the_time(
        self,
        smtp_app: Flask,
        smtp_server: FakeSmtp,
        make_settings: Callable[..., Any],
        make_email: Callable[..., Email],
    ) -> None:
        smtp_app.extensions["mail"].use_tls = True
        smtp_server.extensions = ["STARTTLS"]
        smtp_server.replies["STAR"] = lambda _: "" if smtp_server.over.wait(0.6) else "220 go, and then silence"
        began = time.monotonic()

        [outcome] = SmtpTransport(smtp_app, make_settings(mail_timeout=0.8)).send([make_email(1)])

        assert (outcome.verdict, outcome.unreachable) == (Verdict.DEFERRED, True)
        assert time.monotonic() - began < 1.2

    def test_a_password_is_never_configured_to_travel_in_the_open(
        self, app: Flask, make_settings: Callable[..., Any]
    ) -> None:
        app.config.update(MAIL_SERVER="smtp.example.com", MAIL_USERNAME="user", MAIL_PASSWORD="secret")
        Mail(app)

        with pytest.raises(ConfigurationError, match="MAIL_USE_TLS"):
            SmtpTransport(app, make_settings())


@pytest.fixture
def controller(app: Flask) -> Iterator[Callable[..., Flask]]:
    """Start an aiosmtpd server; return the app whose Flask-Mail points at it."""
    controllers: list[Controller] = []

    def start(handler: Any, config: dict[str, Any] | None = None, **options: Any) -> Flask:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]  # aiosmtpd does not tell which port it chose
        controllers.append(Controller(handler, hostname="127.0.0.1", port=port, **options))
        controllers[-1].start()
        app.config.update(MAIL_PORT=port, **(config or {}))
        Mail(app)
        return app

    yield start
    for controller in controllers:
        controller.stop()


class _Sink:
    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        return "250 2.0.0 queued"


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data.password == b"right", handled=False)


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context
