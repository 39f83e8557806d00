"""Addresses that behave in one way, and names that stand for several of them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

Where = tuple[str, int]


@contextmanager
def silent_address() -> Iterator[Where]:
    """An address that answers no connection: its queue is full."""
    with socket.socket() as server, ExitStack() as queue:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield server.getsockname()


def closed_address() -> Where:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        where: Where = server.getsockname()
    return where


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: Where) -> None:
    """Let every name stand for these addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
