"""Email the administrators that a systemd unit failed, with the log of the run that failed.

A program of its own: the standard library of Python 3.9 is all it needs, so it works when the app, its virtual
environment, its user, its secrets and its database do not. `subs-alert@.service` runs it as
`/usr/bin/python3 -I subs_alert.py UNIT`; systemd.exec(5) describes the MONITOR_ variables and credentials it reads.
It exits 0 when every recipient's server took the email, and 1 with one sentence when not.
"""

from __future__ import annotations

import configparser
import html
import os
import re
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

LOG_LINES = 200
LOG_BYTES = 64_000
SOCKET_SECONDS = 15
TOTAL_SECONDS = 40  # with one more wait to hang up, below the TimeoutStartSec= of the unit
SETTLE_SECONDS = 0.5
LINE_LENGTH = 900  # of the 998 that SMTP allows: a subject stays on one line, where every filter finds it

RESULT, STATUS, INVOCATION = "MONITOR_SERVICE_RESULT", "MONITOR_EXIT_STATUS", "MONITOR_INVOCATION_ID"
UNIT_NAME = re.compile(r"[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]{0,254}")
MAILBOX = re.compile(r"[^\s@<>,;:\"\\]+@[^\s@<>,;:\"\\]+")
DOMAIN = re.compile(r"(?i)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")
TERMINAL_CODE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?)")
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")

MEANINGS = {
    "1": "The job finished, but something failed or needs a person: the log names it.",
    "2": "The command line of the unit is wrong, or the app could not start: the log names it.",
    "3": "The job could not run: configuration, database or schema.",
    "4": "The job was stopped by a brake or guard: the log says why, and how to go on.",
    "203": "The program of the unit cannot be run: is the virtual environment complete?",
    "217": "The user of the unit does not exist: run systemd-sysusers.",
    "226": "A folder the unit needs is missing.",
    "243": "A credential file is missing or cannot be read.",
    "oom-kill": "The job needed more memory than its unit allows.",
    "timeout": "The job took longer than its unit allows and was stopped.",
}


class _CannotAlert(Exception):
    """The alert cannot be sent; the message is the one sentence to print."""


@dataclass(frozen=True)
class Failure:
    """One failed run of a unit."""

    unit: str
    result: str
    status: str
    invocation: str

    @property
    def headline(self) -> str:
        """What happened, in a few words."""
        if self.result == "success":
            return f"{self.unit}: a test, the unit has not failed"
        return f"{self.unit} failed ({self.result}, exit status {self.status or 'unknown'})"

    @property
    def meaning(self) -> str:
        """What it usually means; empty where there is nothing to say."""
        return MEANINGS.get(self.result) or MEANINGS.get(self.status, "")


@dataclass(frozen=True)
class Settings:
    """How alerts are sent, from the credential `alert.conf`."""

    app: str
    sender: str
    recipients: tuple[str, ...]
    server: str
    port: int
    tls: str
    username: str
    password: str


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Send the alert; return the exit status."""
    signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(TOTAL_SECONDS)
    try:
        failure = read_failure(arguments, environment)
        settings = read_settings(environment)
        send(settings, compose(settings, failure, read_log(failure)))
    except _CannotAlert as error:
        sys.stderr.write(f"subs_alert: {error}\n")
        return 1
    return 0


def read_failure(arguments: list[str], environment: Mapping[str, str]) -> Failure:
    """Learn what failed from the MONITOR_ variables or, before systemd 251, from systemctl."""
    if len(arguments) != 1 or not UNIT_NAME.fullmatch(arguments[0]):
        raise _CannotAlert("give the name of one unit, such as subs-trial-check.service")
    unit = arguments[0]
    if RESULT not in environment:
        environment = _ask_systemctl(unit)
    result, status = clean(environment.get(RESULT, "unknown")), clean(environment.get(STATUS, ""))
    return Failure(unit, result, status, environment.get(INVOCATION, ""))


def read_log(failure: Failure) -> str:
    """Return the last lines of the failed run, its own and systemd's about it, and of no other run."""
    if not re.fullmatch("[0-9a-f]{32}", failure.invocation):
        return _log_of(f"_SYSTEMD_UNIT={failure.unit}")
    time.sleep(SETTLE_SECONDS)  # the journal files a dead process's last lines a moment after systemd noticed
    run = failure.invocation
    return _log_of(f"_SYSTEMD_INVOCATION_ID={run}", "+", f"INVOCATION_ID={run}", "_PID=1")


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read `alert.conf` from the folder of credentials."""
    path = Path(environment.get("CREDENTIALS_DIRECTORY", "/etc/subs"), "alert.conf")
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"), str(path))
        return _settings(parser["alert"])
    except (OSError, ValueError, KeyError, configparser.Error) as error:
        raise _CannotAlert(f"{path} cannot be used: {clean(str(error))}") from error


def compose(settings: Settings, failure: Failure, log: str) -> EmailMessage:
    """Write the email, as text and as HTML; whatever comes from outside is escaped and kept out of other headers."""
    message = EmailMessage(policy.SMTP.clone(max_line_length=LINE_LENGTH))
    message["Subject"] = f"[ALERT] {settings.app}: {failure.headline}"[:200]
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.recipients)
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    facts = _facts(failure)
    message.set_content(_text(facts, failure, log))
    message.add_alternative(_html(facts, failure, log), subtype="html")
    return message


def send(settings: Settings, message: EmailMessage) -> None:
    """Hand the email over; a recipient that was refused is an error, though the others have it."""
    try:
        with _connect(settings) as server:
            if settings.username:
                server.login(settings.username, settings.password)
            refused = server.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise _CannotAlert(f"{settings.server}:{settings.port} did not take the email: {clean(str(error))}") from error
    if refused:
        raise _CannotAlert(f"{settings.server} refused {', '.join(sorted(refused))}; the others have the email")


def clean(text: str) -> str:
    """Make one line of a text, without control characters."""
    return " ".join(clean_lines(text).split())


def clean_lines(text: str) -> str:
    """Remove what a terminal or an email reader could act on; line ends and tabs stay."""
    return UNPRINTABLE.sub("", TERMINAL_CODE.sub("", text))


def _give_up(number: int, frame: object) -> None:
    raise _CannotAlert(f"it took longer than {TOTAL_SECONDS} seconds")


def _ask_systemctl(unit: str) -> Mapping[str, str]:
    names = {"Result": RESULT, "ExecMainStatus": STATUS, "InvocationID": INVOCATION}
    shown = _output("systemctl", "show", f"--property={','.join(names)}", "--", unit)
    pairs = (line.partition("=") for line in shown.splitlines())
    return {names[name]: value for name, _, value in pairs if name in names}


def _log_of(*matches: str) -> str:
    options = ("--quiet", "--no-pager", "--all", "--output=short-iso", f"--lines={LOG_LINES}")
    log = _output("journalctl", *options, *matches)
    last = clean_lines(log).encode()[-LOG_BYTES:].decode(errors="ignore")
    return "\n".join(last.splitlines()[-LOG_LINES:])


def _output(*command: str) -> str:
    """Return what a command prints; an alert without a log is better than no alert, so its failure is only said."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=SOCKET_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"({command[0]} could not be run: {error})"
    return (done.stdout or done.stderr).decode(errors="replace")


def _settings(section: configparser.SectionProxy) -> Settings:
    settings = Settings(
        app=clean(section.get("app", "")) or "subscriptions",
        sender=section.get("sender", "").strip(),
        recipients=tuple(part.strip() for part in section.get("recipients", "").split(",") if part.strip()),
        server=clean(section.get("server", "localhost")),
        port=section.getint("port", 25),
        tls=section.get("tls", "none").strip(),
        username=section.get("username", ""),
        password=section.get("password", ""),
    )
    _check(settings)
    return settings


def _check(settings: Settings) -> None:
    for name, addresses in (("sender", (settings.sender,)), ("recipients", settings.recipients or ("",))):
        for address in addresses:
            if not MAILBOX.fullmatch(address) or UNPRINTABLE.search(address):
                raise ValueError(f"{name} needs an address such as ops@example.com, got {address!r}")
    if settings.tls not in ("none", "starttls", "tls"):
        raise ValueError(f"tls must be none, starttls or tls, got {settings.tls!r}")
    if settings.username and settings.tls == "none" and settings.server not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("a username needs tls = starttls or tls, or its password would cross the network in the clear")


def _connect(settings: Settings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    server = _OverTls(timeout=SOCKET_SECONDS, context=context) if settings.tls == "tls" else _Server()
    server._host = settings.server  # what the certificate must name
    code, reply = server.connect(settings.server, settings.port)
    if code != 220:
        raise smtplib.SMTPConnectError(code, reply)
    if settings.tls == "starttls":
        server.starttls(context=context)
    return server


class _Server(smtplib.SMTP):
    """A server whose addresses share the time to connect: a silent one hides none of those after it."""

    _host: str

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # private, the same since Python 2
        end, fault = time.monotonic() + SOCKET_SECONDS, OSError("the name has no address")
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for position, (*_, address) in enumerate(addresses):
            share = (end - time.monotonic()) / (len(addresses) - position)
            try:
                sock = socket.create_connection((str(address[0]), int(address[1])), max(share, 0.1))
            except OSError as error:
                fault = error
            else:
                sock.settimeout(SOCKET_SECONDS)
                self.local_hostname = _own_name(sock)
                return sock
        raise fault


class _OverTls(smtplib.SMTP_SSL, _Server):
    """The same with TLS from the first byte on."""


def _own_name(sock: socket.socket) -> str:
    """Return what EHLO says: this host's domain, else its address (RFC 5321, 4.1.3 and 4.1.4)."""
    name, address = socket.gethostname(), str(sock.getsockname()[0]).partition("%")[0]
    literal = f"[IPv6:{address}]" if sock.family == socket.AF_INET6 else f"[{address}]"
    return name if DOMAIN.fullmatch(name) else literal


def _facts(failure: Failure) -> dict[str, str]:
    status, invocation = failure.status or "unknown", failure.invocation or "unknown"
    place = {"Unit": failure.unit, "Host": socket.gethostname()}
    return {**place, "Result": failure.result, "Exit status": status, "Invocation": invocation}


def _text(facts: Mapping[str, str], failure: Failure, log: str) -> str:
    lines = [failure.headline, failure.meaning, "", *(f"{name}: {value}" for name, value in facts.items())]
    lines += ["", f"More: journalctl -u {failure.unit}", "", "Log of that run:", "", log or "(no lines)", ""]
    return "\n".join(lines)


def _html(facts: Mapping[str, str], failure: Failure, log: str) -> str:
    rows = "".join(f"<tr><th align=left>{html.escape(n)}<td>{html.escape(v)}" for n, v in facts.items())
    return (
        f"<!doctype html><title>Alert</title><p><b>{html.escape(failure.headline)}</b>"
        f"<p>{html.escape(failure.meaning)}<table>{rows}</table>"
        f"<p>More: <code>journalctl -u {html.escape(failure.unit)}</code>"
        f"<p>Log of that run:<pre>{html.escape(log or '(no lines)')}</pre>\n"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
