"""One HTTP request under one deadline, with a certain answer to "was it sent?".

`http.client` follows no redirect and knows no proxy, and it takes a connection that is already there. A socket's
timeout limits each wait, not their sum, so the part that a receiver could draw out is a call that is left in time.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult

from ..errors import DeadlineExceeded, UnknownOutcome, Unreachable
from .call import within
from .connect import connect
from .deadline import Deadline


def post(url: SplitResult, body: bytes, headers: Mapping[str, str], timeout: float, tls: ssl.SSLContext) -> int:
    """Return the answer's status; its body is never read.

    Raises Unreachable where nothing was sent, UnknownOutcome where the answer was lost after sending began, and
    DeadlineExceeded where it took longer than `timeout` seconds.
    """
    deadline = Deadline(timeout)
    connection = _connected(url, deadline, tls)
    try:
        return within(deadline.remaining(), _ask, connection, _path(url), body, headers)
    except TimeoutError:
        raise DeadlineExceeded("the receiver did not answer in time") from None
    except (OSError, HTTPException, ValueError) as error:
        raise UnknownOutcome(f"the answer was lost ({_described(error)})") from error
    finally:
        _hang_up(connection)


def _connected(url: SplitResult, deadline: Deadline, tls: ssl.SSLContext) -> HTTPConnection:
    connection = _connection(url, tls)
    try:
        connection.sock = connect(connection.host, connection.port, deadline)
        connection.sock.settimeout(deadline.remaining())
        if url.scheme == "https":
            connection.sock = tls.wrap_socket(connection.sock, server_hostname=connection.host)
    except (OSError, ValueError) as error:
        connection.close()
        raise Unreachable(f"the receiver could not be reached ({_described(error)})") from error
    return connection


def _connection(url: SplitResult, tls: ssl.SSLContext) -> HTTPConnection:
    host = url.hostname or ""
    return HTTPSConnection(host, url.port, context=tls) if url.scheme == "https" else HTTPConnection(host, url.port)


def _path(url: SplitResult) -> str:
    return url._replace(scheme="", netloc="", path=url.path or "/").geturl()


def _ask(connection: HTTPConnection, path: str, body: bytes, headers: Mapping[str, str]) -> int:
    try:
        connection.request("POST", path, body, dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()


def _hang_up(connection: HTTPConnection) -> None:
    # Wakes a call that was left; SSLSocket.shutdown() would take the TLS state from under it.
    with suppress(AttributeError, TypeError, OSError):
        socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
