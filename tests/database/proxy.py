"""A TCP proxy that can fall silent: it keeps every connection open and forwards nothing any more."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import make_url

Falls = Callable[[int, bytes], bool]  # the number of a client's message, and the message


class Proxy:
    """Forwards to a server until `falls_silent` says so; `messages` counts what clients have sent."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self.port: int = self._listener.getsockname()[1]
        self.falls_silent: Falls = lambda number, message: False
        self.is_silent = False
        self.messages = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                self._sockets += [client, server]
                threading.Thread(target=self._forward, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._forward, args=(server, client, False), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, counts: bool) -> None:
        with suppress(OSError):
            while message := source.recv(1 << 20):
                if not self._swallows(message, counts):
                    target.sendall(message)
            if not self.is_silent:
                target.shutdown(socket.SHUT_WR)

    def _swallows(self, message: bytes, counts: bool) -> bool:
        with self._lock:
            if counts:
                self.messages += 1
                self.is_silent = self.is_silent or self.falls_silent(self.messages, message)
            return self.is_silent


@contextmanager
def proxy_to(url: str) -> Iterator[tuple[Proxy, str]]:
    """Give a proxy to a database's server, and the database's URL through it."""
    address = make_url(url)
    proxy = Proxy(address.host or "127.0.0.1", address.port or 0)
    try:
        yield proxy, address.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
    finally:
        proxy.close()
