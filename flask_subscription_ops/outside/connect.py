"""A connection to a host by its name, before one deadline, whatever its addresses do."""

from __future__ import annotations

import socket
from typing import Any

from ..errors import DeadlineExceeded
from .call import within
from .deadline import Deadline


def connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Return a connection to the first address of the host that answers, in the order in which its name gives them.

    A silent address costs its share of the time left, never that of the addresses after it; the look-up of the name
    is part of the time. Raises OSError: of the look-up, else that of the last address.
    """
    addresses = _look_up(host, port, deadline)
    fault = OSError("the name has no address")
    for position, address in enumerate(addresses):
        try:
            return _open(address, deadline.share(len(addresses) - position))
        except OSError as error:
            fault = error
    raise fault


def _look_up(host: str, port: int, deadline: Deadline) -> list[Any]:
    try:
        return within(deadline.remaining(), socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM)
    except DeadlineExceeded:
        raise TimeoutError("the name was not looked up in time") from None
    except UnicodeError as error:  # a label that is empty or too long
        raise socket.gaierror(socket.EAI_NONAME, "the name cannot be looked up") from error


def _open(address: Any, seconds: float) -> socket.socket:
    family, kind, protocol, _, where = address
    sock = socket.socket(family, kind, protocol)
    try:
        sock.settimeout(seconds)
        sock.connect(where)
        # A small write that ends a request waits 40 ms for an acknowledgement without this.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock
