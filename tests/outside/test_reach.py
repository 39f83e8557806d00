from __future__ import annotations

import errno
import socket
import urllib.error
import urllib.request

import pytest
import requests

from flask_subscription_ops.errors import PermanentFailure, TemporaryFailure, UnknownOutcome, Unreachable
from flask_subscription_ops.outside.reach import was_not_reached

REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "refused")


def raised_from(cause: BaseException, error: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def raised_while_handling(context: BaseException, error: BaseException) -> BaseException:
    error.__context__ = context
    return error


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("it is down"),
        REFUSED,
        socket.gaierror(socket.EAI_NONAME, "unknown"),
        OSError(errno.ENETUNREACH, "no network"),
        OSError(errno.EHOSTUNREACH, "no route"),
        raised_from(REFUSED, RuntimeError("cannot stop")),
        raised_while_handling(raised_from(REFUSED, OSError("all failed")), ValueError("cannot stop")),
        raised_from(REFUSED, TemporaryFailure("later")),
        raised_from(Unreachable("it is down"), RuntimeError("cannot stop")),
    ],
    ids=repr,
)
def test_what_never_got_there_is_recognised(error: BaseException) -> None:
    assert was_not_reached(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("cannot stop"),
        TemporaryFailure("later"),
        UnknownOutcome("perhaps"),
        TimeoutError("timed out"),
        ConnectionResetError(errno.ECONNRESET, "reset"),
        OSError(errno.ENOSPC, "full"),
        raised_while_handling(REFUSED, ConnectionResetError(errno.ECONNRESET, "the second server cut it")),
        raised_while_handling(REFUSED, TimeoutError("the second server is silent")),
        raised_from(REFUSED, UnknownOutcome("perhaps")),
        raised_from(REFUSED, PermanentFailure("never")),
    ],
    ids=repr,
)
def test_what_may_have_got_there_is_not(error: BaseException) -> None:
    assert not was_not_reached(error)


def test_the_usual_clients_of_a_host_are_understood() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"

    with pytest.raises(requests.ConnectionError) as by_requests:
        requests.post(url, timeout=5)
    with pytest.raises(urllib.error.URLError) as by_urllib:
        urllib.request.urlopen(url, timeout=5)

    assert was_not_reached(by_requests.value)
    assert was_not_reached(by_urllib.value)


def test_a_chain_that_is_a_circle_has_an_end() -> None:
    first, second = RuntimeError("first"), RuntimeError("second")
    first.__cause__, second.__cause__ = second, first

    assert not was_not_reached(first)
