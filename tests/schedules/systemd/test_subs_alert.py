"""The alert sender, run as its unit runs it: a program with an environment, a journal and an SMTP server."""

from __future__ import annotations

import ast
import email
import email.policy
import os
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from aiosmtpd.controller import Controller

from flask_subscription_ops.schedules.systemd import subs_alert

from ...outside.addresses import silent_address

PROGRAM = Path(subs_alert.__file__)
RUN = "0123456789abcdef0123456789abcdef"
MONITOR = {
    "MONITOR_UNIT": "subs-trial-check.service",
    "MONITOR_SERVICE_RESULT": "exit-code",
    "MONITOR_EXIT_CODE": "exited",
    "MONITOR_EXIT_STATUS": "3",
    "MONITOR_INVOCATION_ID": RUN,
}


class Sink:
    """Keeps what it is sent; refuses recipients that start with "no"."""

    def __init__(self):
        self.messages = []
        self.recipients = []
        self.greetings = []

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        self.greetings.append(hostname)
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address.startswith("no"):
            return "550 unknown"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.messages.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        self.recipients.append(envelope.rcpt_tos)
        return "250 OK"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(handler, **options):
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    yield controller.port
    controller.stop()


@pytest.fixture
def sink():
    handler = Sink()
    with running(handler) as handler.port:
        yield handler


class Sender:
    """A folder with a fake journalctl and systemctl, an alert.conf, and the program."""

    def __init__(self, folder, port):
        self.folder = folder
        self.settings = {"app": "Acme", "sender": "subs@example.com", "recipients": "ops@example.com", "port": port}
        self.settings |= {"server": "127.0.0.1", "tls": "none"}
        self.write_command("journalctl", "2026-12-01 trial-check: database unreachable")
        self.write_command("systemctl", "")

    def write_command(self, name, output):
        (self.folder / f"{name}.out").write_bytes(output if isinstance(output, bytes) else f"{output}\n".encode())
        command = self.folder / name
        command.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >"$0.arguments"\ncat "$0.out"\n')
        command.chmod(0o755)

    def arguments_of(self, name):
        return (self.folder / f"{name}.arguments").read_text().splitlines()

    def configure(self, **settings):
        lines = [f"{name} = {value}" for name, value in (self.settings | settings).items()]
        (self.folder / "alert.conf").write_text("\n".join(["[alert]", *lines, ""]))

    def run(self, unit="subs-trial-check.service", monitor=MONITOR, **settings):
        self.configure(**settings)
        environment = {"PATH": f"{self.folder}:/usr/bin:/bin", "CREDENTIALS_DIRECTORY": str(self.folder), **monitor}
        command = [sys.executable, "-I", str(PROGRAM), unit]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def sender(tmp_path, sink):
    return Sender(tmp_path, sink.port)


def send_from_here(sender, **settings):
    """Send an alert within this process, whose socket module a test can change."""
    sender.configure(**settings)
    read = subs_alert.read_settings({"CREDENTIALS_DIRECTORY": str(sender.folder)})
    failure = subs_alert.Failure("subs-trial-check.service", "exit-code", "3", RUN)
    subs_alert.send(read, subs_alert.compose(read, failure, "one line"))


def parts(message):
    return [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()]


def test_the_email_says_what_failed_and_why(sender, sink):
    result = sender.run()

    (message,) = sink.messages
    assert (result.returncode, result.stderr) == (0, "")
    assert message["Subject"] == "[ALERT] Acme: subs-trial-check.service failed (exit-code, exit status 3)"
    assert (message["From"], message["To"]) == ("subs@example.com", "ops@example.com")
    assert message["Auto-Submitted"] == "auto-generated"
    for content in parts(message):
        assert "database unreachable" in content
        assert "could not run: configuration, database or schema" in content


def test_only_the_failed_run_is_quoted(sender):
    sender.run()

    assert sender.arguments_of("journalctl")[-4:] == [
        f"_SYSTEMD_INVOCATION_ID={RUN}",
        "+",
        f"INVOCATION_ID={RUN}",
        "_PID=1",
    ]


def test_an_older_systemd_is_asked_instead(sender, sink):
    sender.write_command("systemctl", f"Result=timeout\nExecMainStatus=15\nInvocationID={RUN}")

    sender.run(monitor={})

    assert sink.messages[0]["Subject"].endswith("failed (timeout, exit status 15)")
    assert f"_SYSTEMD_INVOCATION_ID={RUN}" in sender.arguments_of("journalctl")


def test_a_run_by_hand_is_called_a_test(sender, sink):
    sender.write_command("systemctl", f"Result=success\nExecMainStatus=0\nInvocationID={RUN}")

    sender.run(monitor={})

    assert sink.messages[0]["Subject"].endswith("a test, the unit has not failed")


def test_every_recipient_gets_it(sender, sink):
    sender.run(recipients="a@example.com, b@example.com")

    assert sink.recipients == [["a@example.com", "b@example.com"]]


def test_a_refused_recipient_is_an_error_and_the_others_have_it(sender, sink):
    result = sender.run(recipients="nobody@example.com, b@example.com")

    assert sink.recipients == [["b@example.com"]]
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "refused nobody@example.com" in result.stderr


def test_markup_in_the_log_stays_text(sender, sink):
    sender.write_command("journalctl", "<script>alert(1)</script> & co")

    sender.run()

    text, html = parts(sink.messages[0])
    assert "<script>alert(1)</script> & co" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in html
    assert "<script>" not in html


def test_control_characters_do_not_reach_a_reader(sender, sink):
    sender.write_command(
        "journalctl", "\x1b[31mred\x1b[0m bell\x07 \x1b]0;title\x07 flip\u202e back\rspace\u2028 tab\tend".encode()
    )

    sender.run()

    assert "red bell  flip backspace tab\tend" in parts(sink.messages[0])[0]


def test_bytes_that_are_not_text_do_not_stop_it(sender, sink):
    sender.write_command("journalctl", b"caf\xe9 \xff\x00 ok\n")

    assert sender.run().returncode == 0
    assert "ok" in parts(sink.messages[0])[0]


@pytest.mark.parametrize("line", ["x" * 60, "x" * 5_000, "\u00e9" * 3_000], ids=["many", "long", "wide"])
def test_the_log_is_capped(sender, sink, line):
    sender.write_command("journalctl", "\n".join(f"{number} {line}" for number in range(1_000)))

    sender.run()

    log = parts(sink.messages[0])[0].partition("Log of that run:")[2].split("\n\n")[1].splitlines()
    assert len(log) <= subs_alert.LOG_LINES
    assert len("\n".join(log).encode()) <= subs_alert.LOG_BYTES
    assert log[-1].startswith("999 ")


def test_headers_cannot_be_injected(sender, sink):
    monitor = MONITOR | {"MONITOR_SERVICE_RESULT": "a\nBcc: x@example.com", "MONITOR_EXIT_STATUS": "1\r\n\r\nbody"}

    sender.run(monitor=monitor, app="Acme\n  Bcc: y@example.com")

    (message,) = sink.messages
    assert set(message.keys()) == {
        "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert sink.recipients == [["ops@example.com"]]


@pytest.mark.parametrize("unit", ["--help", "a b", "a\nb", "", "../x", "a;b"], ids=repr)
def test_what_is_no_unit_name_is_refused(sender, sink, unit):
    result = sender.run(unit=unit)

    assert result.returncode == 1
    assert sink.messages == []


@pytest.mark.parametrize("unit", ["subs-job@x.service", "subs\\x2da.service"])
def test_every_kind_of_unit_name_is_taken(sender, sink, unit):
    assert sender.run(unit=unit).returncode == 0
    assert unit in sink.messages[0]["Subject"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"recipients": ""}, "recipients needs an address"),
        ({"recipients": "Ops <ops@example.com>"}, "recipients needs an address"),
        ({"sender": "a@x.org\n b@y.org"}, "sender needs an address"),
        ({"tls": "maybe"}, "tls must be"),
        ({"port": "mail"}, "cannot be used"),
        ({"server": "mail.example.com", "username": "u", "password": "p"}, "a username needs tls"),
    ],
)
def test_settings_that_cannot_work_are_named_in_one_sentence(sender, settings, sentence):
    result = sender.run(**settings)

    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_a_missing_credential_is_one_sentence(sender):
    (sender.folder / "alert.conf").unlink(missing_ok=True)
    environment = {"PATH": "/usr/bin", "CREDENTIALS_DIRECTORY": str(sender.folder / "absent"), **MONITOR}

    result = subprocess.run(
        [sys.executable, "-I", str(PROGRAM), "a.service"], env=environment, capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stderr.count("\n")) == (1, 1)


def test_a_server_that_is_down_is_one_sentence(sender):
    result = sender.run(port=free_port())

    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "did not take the email" in result.stderr


def test_a_silent_address_does_not_hide_the_one_that_answers(sender, sink, monkeypatch):
    usually = socket.getaddrinfo
    monkeypatch.setattr(subs_alert, "SOCKET_SECONDS", 3)
    with silent_address() as silent:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", where) for where in (silent, ("127.0.0.1", sink.port))]
        by_name = {"mail.example.com": found}
        monkeypatch.setattr(socket, "getaddrinfo", lambda host, *a, **k: by_name.get(host) or usually(host, *a, **k))

        send_from_here(sender, server="mail.example.com", port=25)

    assert sink.recipients == [["ops@example.com"]]


@pytest.mark.parametrize(
    ("host_name", "said"),
    [
        ("app.example.com", "app.example.com"),
        ("app", "[127.0.0.1]"),
        ("app_1.example.com", "[127.0.0.1]"),
        ("10.0.0.7", "[127.0.0.1]"),
        ("-app.example.com", "[127.0.0.1]"),
    ],
)
def test_it_greets_with_its_domain_or_with_its_address(sender, sink, monkeypatch, host_name, said):
    monkeypatch.setattr(socket, "gethostname", lambda: host_name)

    send_from_here(sender)

    assert sink.greetings == [said]


def test_what_is_encrypted_names_its_host_and_says_its_name(sender, sink, monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "app.example.com")
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)
    with (
        running(sink, ssl_context=context) as tls,
        running(sink, tls_context=context, require_starttls=True) as starttls,
    ):
        monkeypatch.setattr(ssl, "create_default_context", lambda: ours)
        send_from_here(sender, server="localhost", port=tls, tls="tls")
        send_from_here(sender, server="localhost", port=starttls, tls="starttls")
        monkeypatch.undo()

    assert sink.recipients == [["ops@example.com"]] * 2
    assert sink.greetings[-1] == "app.example.com"


def test_a_missing_journal_does_not_hold_the_alert_back(sender, sink):
    (sender.folder / "journalctl").unlink()
    os.symlink("/nonexistent", sender.folder / "journalctl")

    environment = dict(MONITOR, PATH=str(sender.folder))
    result = sender.run(monitor=environment)

    assert result.returncode == 0
    assert "journalctl could not be run" in parts(sink.messages[0])[0]


def test_a_server_that_answers_a_byte_at_a_time_is_left(sender, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        released = threading.Event()

        def drip():
            peer, _ = server.accept()
            with peer:
                while not released.wait(0.2):
                    peer.sendall(b"2")

        threading.Thread(target=drip, daemon=True).start()
        program = PROGRAM.read_text().replace("TOTAL_SECONDS = 40", "TOTAL_SECONDS = 2")
        copy = sender.folder / "copy.py"
        copy.write_text(program)
        monkeypatch.setattr(sys.modules[__name__], "PROGRAM", copy)

        result = sender.run(port=server.getsockname()[1])
        released.set()

    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "longer than 2 seconds" in result.stderr


def test_it_needs_only_the_standard_library_of_python_3_9():
    tree = ast.parse(PROGRAM.read_text(), feature_version=(3, 9))

    imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in imports if isinstance(node, ast.ImportFrom)}
    assert all(not node.level for node in imports if isinstance(node, ast.ImportFrom))
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
