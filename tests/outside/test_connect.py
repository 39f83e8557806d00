from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from flask_subscription_ops.outside.connect import connect
from flask_subscription_ops.outside.deadline import Deadline

from .addresses import Where, closed_address, resolve_to, silent_address


@pytest.fixture
def good() -> Iterator[Where]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


@pytest.fixture
def silent() -> Iterator[Where]:
    with silent_address() as where:
        yield where


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return partial(resolve_to, monkeypatch)


def test_silent_addresses_leave_time_for_the_one_that_answers(
    resolve: Callable[..., None], silent: Where, good: Where
) -> None:
    resolve(silent, silent, silent, good)
    began = time.monotonic()

    with connect("mail.example.com", 25, Deadline(1)) as connection:
        assert connection.getpeername() == good

    assert time.monotonic() - began < 1


def test_a_refused_address_costs_nothing(resolve: Callable[..., None], good: Where) -> None:
    resolve(closed_address(), good)

    with connect("mail.example.com", 25, Deadline(1)) as connection:
        assert connection.getpeername() == good


def test_all_silent_addresses_together_take_one_deadline(resolve: Callable[..., None], silent: Where) -> None:
    resolve(*[silent] * 8)
    began = time.monotonic()

    with pytest.raises(TimeoutError):
        connect("mail.example.com", 25, Deadline(0.4))

    assert 0.3 < time.monotonic() - began < 2


def test_the_fault_of_the_last_address_is_told(resolve: Callable[..., None]) -> None:
    resolve(closed_address())

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
