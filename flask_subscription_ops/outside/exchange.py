"""One HTTP request under one deadline, with a certain answer to "was it sent?".

A socket timeout limits each wait, not their sum: a server that drips one byte a second holds a caller for ever. Here
the exchange runs in a thread of its own and the caller leaves at the deadline. `http.client` follows no redirect and
knows no proxy, and it keeps connecting apart from sending, which the retry of an operation depends on.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Lock, Thread
from urllib.parse import SplitResult

from ..errors import DeadlineExceeded, EffectError, TemporaryFailure, UnknownOutcome


def post(url: SplitResult, body: bytes, headers: Mapping[str, str], timeout: float, tls: ssl.SSLContext) -> int:
    """Return the answer's status; its body is never read.

    Raises TemporaryFailure where nothing was sent, UnknownOutcome where the answer was lost after sending began, and
    DeadlineExceeded where it took longer than `timeout` seconds.
    """
    exchange = _Exchange(url, body, headers, timeout, tls)
    exchange.start()
    exchange.join(timeout)
    return exchange.result()


class _Exchange(Thread):
    def __init__(
        self, url: SplitResult, body: bytes, headers: Mapping[str, str], timeout: float, tls: ssl.SSLContext
    ) -> None:
        super().__init__(name="subs-http-provisioner", daemon=True)
        self._path = url._replace(scheme="", netloc="", path=url.path or "/").geturl()
        self._body, self._headers = body, headers
        self._connection = _connection(url, timeout, tls)
        self._lock = Lock()
        self._sending = self._abandoned = False
        self._status: int | None = None
        self._error: EffectError | None = None

    def run(self) -> None:
        try:
            self._connection.connect()
            if self._begin_sending():
                self._connection.request("POST", self._path, self._body, dict(self._headers))
                self._status = self._connection.getresponse().status
        except (OSError, HTTPException, ValueError) as error:
            self._error = self._failure(error)
        finally:
            self._connection.close()

    def result(self) -> int:
        with self._lock:
            self._abandoned = True
        if self._status is not None:
            return self._status
        if self._error is not None:
            raise self._error
        self._hang_up()
        if self._sending:
            raise DeadlineExceeded("the receiver did not answer in time")
        raise TemporaryFailure("the receiver could not be reached in time")

    def _begin_sending(self) -> bool:
        # Once the caller has said "surely not done", a late connection must not do it after all.
        with self._lock:
            self._sending = not self._abandoned
            return self._sending

    def _failure(self, error: Exception) -> EffectError:
        detail = f"{type(error).__name__}: {error}"
        if not self._sending:
            return TemporaryFailure(f"the receiver could not be reached ({detail})")
        lost = DeadlineExceeded if isinstance(error, TimeoutError) else UnknownOutcome
        return lost(f"the answer was lost ({detail})")

    def _hang_up(self) -> None:
        # Wakes the thread; SSLSocket.shutdown() would take the TLS state from under it.
        with suppress(AttributeError, TypeError, OSError):
            socket.socket.shutdown(self._connection.sock, socket.SHUT_RDWR)


def _connection(url: SplitResult, timeout: float, tls: ssl.SSLContext) -> HTTPConnection:
    host = url.hostname or ""
    if url.scheme == "https":
        return HTTPSConnection(host, url.port, timeout=timeout, context=tls)
    return HTTPConnection(host, url.port, timeout=timeout)
