"""smtplib's client, except that everything it does ends in time and in size."""

from __future__ import annotations

import smtplib
import socket
import ssl
from dataclasses import dataclass
from typing import Any

from ...errors import Unreachable
from ...outside.connect import connect
from ...outside.deadline import Deadline
from ...outside.domains import is_full_domain, to_ascii

FAULTS = (OSError, smtplib.SMTPException, UnicodeError, Unreachable)  # what a connection can end with
LINE_LIMIT = 8192  # bytes; RFC 5321, 4.5.3.1.5 asks for 512
REPLY_LIMIT = 100  # lines; a server with every extension there is has about 30
QUICK_ACK: int = getattr(socket, "TCP_QUICKACK", 0)  # Linux; it lasts for one read


@dataclass(frozen=True)
class Server:
    """Where to connect and how; the password is not part of its text."""

    host: str
    port: int
    username: str
    password: str
    starttls: bool
    implicit_tls: bool
    timeout: float

    def __repr__(self) -> str:
        return f"Server({self.host}:{self.port})"


class TimedClient(smtplib.SMTP):
    """All reads and writes share one deadline, which each email sets anew."""

    def __init__(self, server: Server, deadline: Deadline) -> None:
        super().__init__(local_hostname="to be found", timeout=deadline.remaining())
        self.deadline = deadline
        self._server = server
        self._host = to_ascii(server.host or "")  # what the certificate must name

    def enter(self) -> None:
        """Connect, greet, encrypt and log in."""
        server = self._server
        if not self._host:
            raise Unreachable("MAIL_SERVER is not the name of a host" if server.host else "MAIL_SERVER is not set")
        code, _ = self.connect(self._host, server.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, "the server is not ready")
        self.ehlo_or_helo_if_needed()
        if server.starttls:
            self.starttls(context=ssl.create_default_context())
            self.ehlo_or_helo_if_needed()
        if server.username and server.password:
            self.login(server.username, server.password)

    def _get_socket(self, host: Any, port: Any, timeout: Any) -> Any:  # private, the same since Python 2
        self.sock = connect(host, port, self.deadline)  # kept at once, so that close() finds it
        self.local_hostname = _own_name(self.sock)
        if not self._server.implicit_tls:
            return self.sock
        self.sock.settimeout(self.deadline.remaining())
        return ssl.create_default_context().wrap_socket(self.sock, server_hostname=host)

    def send(self, s: Any) -> None:
        rest = memoryview(s.encode("ascii") if isinstance(s, str) else s)
        while rest:
            if self.sock is None:
                raise smtplib.SMTPServerDisconnected("the connection is closed")
            # One part at a time: sendall() over TLS would give each of its parts the whole time.
            self.sock.settimeout(self.deadline.remaining())
            rest = rest[self.sock.send(rest) :]

    def docmd(self, cmd: str, args: str = "") -> tuple[int, bytes]:
        reply = super().docmd(cmd, args)
        if self.sock:
            self.sock.settimeout(self.deadline.remaining())  # for the handshake that follows STARTTLS
        return reply

    def getreply(self) -> tuple[int, bytes]:
        if self.sock:
            self.file = self.file or _Reader(self)
            self.file.begin_reply()
        return super().getreply()


class _Reader:
    """What smtplib reads from: a server that talks slowly, or without end, is cut off all the same."""

    def __init__(self, smtp: TimedClient) -> None:
        self._smtp = smtp
        self._sock: Any = smtp.sock
        self._buffer = b""
        self._lines = 0

    def begin_reply(self) -> None:
        self._lines = 0

    def readline(self, limit: int) -> bytes:
        self._lines += 1
        while b"\n" not in self._buffer and len(self._buffer) < LINE_LIMIT:
            received = self._receive()
            if not received:
                break
            self._buffer += received
        line, end, rest = self._buffer.partition(b"\n")
        if len(line) >= LINE_LIMIT or self._lines > REPLY_LIMIT:
            raise OSError("the server's reply is too long")
        self._buffer = rest
        return line + end

    def _receive(self) -> bytes:
        self._sock.settimeout(self._smtp.deadline.remaining())
        if QUICK_ACK:
            # A server that holds its second reply back until the first is acknowledged costs 40 ms an email.
            self._sock.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)
        received: bytes = self._sock.recv(LINE_LIMIT)
        return received

    def close(self) -> None:
        self._buffer = b""


def has_timed_out(error: BaseException) -> bool:
    """Tell whether silence, not an answer or a closed connection, was the fault; smtplib hides it one step down."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def fault_of(error: BaseException) -> str:
    """Name a fault without what the server said, which may hold addresses."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    return str(error) if isinstance(error, Unreachable) else type(error).__name__


def _own_name(sock: socket.socket) -> str:
    """Return what this host calls itself in EHLO: its domain, else its address (RFC 5321, 4.1.3 and 4.1.4)."""
    name = socket.gethostname()
    if is_full_domain(name):
        return name
    address = str(sock.getsockname()[0]).partition("%")[0]  # without the zone of a link-local one
    return f"[IPv6:{address}]" if sock.family == socket.AF_INET6 else f"[{address}]"
