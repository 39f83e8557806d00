"""smtplib's client, except that everything it does ends in time."""

from __future__ import annotations

import functools
import smtplib
import socket
import ssl
from dataclasses import dataclass
from typing import Any

from ...outside.deadline import Deadline

FAULTS = (OSError, smtplib.SMTPException, UnicodeError)  # what a connection can end with
LINE_LIMIT = 8192
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

    def __init__(self, server: Server, deadline: Deadline, **options: Any) -> None:
        super().__init__(local_hostname=_own_name(), timeout=deadline.remaining(), **options)
        self.deadline = deadline
        self._host = server.host  # what the certificate must name

    def enter(self, server: Server) -> None:
        """Connect, greet, encrypt and log in."""
        code, _ = self.connect(server.host, server.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, "the server is not ready")
        self.ehlo_or_helo_if_needed()
        if server.starttls:
            self.starttls(context=ssl.create_default_context())
            self.ehlo()
        if server.username and server.password:
            self.login(server.username, server.password)

    def _get_socket(self, host: Any, port: Any, timeout: Any) -> Any:
        sock = super()._get_socket(host, port, timeout)  # type: ignore[misc]  # private, the same since Python 2
        # The end of the data is a small write of its own; without this it waits 40 ms for an acknowledgement.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def send(self, s: Any) -> None:
        if self.sock:
            self.sock.settimeout(self.deadline.remaining())
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        if self.sock and self.file is None:
            self.file = _Lines(self)
        return super().getreply()


class ImplicitTlsClient(TimedClient, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""

    def __init__(self, server: Server, deadline: Deadline) -> None:
        super().__init__(server, deadline, context=ssl.create_default_context())


class _Lines:
    """What smtplib reads from: a server that sends a byte a second is cut off at the deadline all the same."""

    def __init__(self, smtp: TimedClient) -> None:
        self._smtp = smtp
        self._sock: Any = smtp.sock
        self._buffer = b""

    def readline(self, limit: int) -> bytes:
        while b"\n" not in self._buffer and len(self._buffer) < limit:
            self._sock.settimeout(self._smtp.deadline.remaining())
            if QUICK_ACK:
                # A server that holds its second reply back until the first is acknowledged costs 40 ms an email.
                self._sock.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)
            received = self._sock.recv(LINE_LIMIT)
            if not received:
                break
            self._buffer += received
        end = self._buffer.find(b"\n") + 1 or len(self._buffer)
        line, self._buffer = self._buffer[: min(end, limit)], self._buffer[min(end, limit) :]
        return line

    def close(self) -> None:
        self._buffer = b""


def has_timed_out(error: BaseException) -> bool:
    """Tell whether silence, not an answer or a closed connection, was the fault; smtplib hides it one step down."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def fault_of(error: BaseException) -> str:
    """Name a fault without what the server said, which may hold addresses."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    return type(error).__name__


@functools.cache
def _own_name() -> str:
    name = socket.getfqdn()
    return name if "." in name else "[127.0.0.1]"  # servers refuse a name without a domain
