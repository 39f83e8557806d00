from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from flask_subscription_ops.outside.connect import connect
from flask_subscription_ops.outside.deadline import Deadline

Where = tuple[str, int]


@pytest.fixture
def good() -> Iterator[Where]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


@pytest.fixture
def silent() -> Iterator[Where]:
    """An address that answers no connection: its queue is full."""
    with socket.socket() as server, contextlib.ExitStack() as queue:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield server.getsockname()


@pytest.fixture
def closed() -> Where:
    with socket.create_server(("127.0.0.1", 0)) as server:
        where: Where = server.getsockname()
    return where


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let a name stand for several addresses."""

    def resolve(*addresses: Where) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)

    return resolve


def test_silent_addresses_leave_time_for_the_one_that_answers(resolve: Any, silent: Where, good: Where) -> None:
    resolve(silent, silent, silent, good)
    began = time.monotonic()

    with connect("mail.example.com", 25, Deadline(1)) as connection:
        assert connection.getpeername() == good

    assert time.monotonic() - began < 1


def test_a_refused_address_costs_nothing(resolve: Any, closed: Where, good: Where) -> None:
    resolve(closed, good)

    with connect("mail.example.com", 25, Deadline(1)) as connection:
        assert connection.getpeername() == good


def test_all_silent_addresses_together_take_one_deadline(resolve: Any, silent: Where) -> None:
    resolve(*[silent] * 8)
    began = time.monotonic()

    with pytest.raises(TimeoutError):
        connect("mail.example.com", 25, Deadline(0.4))

    assert 0.3 < time.monotonic() - began < 2


def test_the_fault_of_the_last_address_is_told(resolve: Any, closed: Where) -> None:
    resolve(closed)

    with pytest.raises(ConnectionRefusedError):
        connect("mail.example.com", 25, Deadline(1))


def test_a_look_up_that_hangs_is_left_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: released.wait(30))
    began = time.monotonic()

    with pytest.raises(TimeoutError, match="looked up"):
        connect("mail.example.com", 25, Deadline(0.1))

    released.set()
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("host", ["a..example.com", "x" * 64 + ".example.com"])
def test_a_name_that_cannot_be_one_is_not_found(host: str) -> None:
    with pytest.raises(socket.gaierror):
        connect(host, 25, Deadline(5))
