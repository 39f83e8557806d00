"""Whether a call failed before anything was sent."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

from ..errors import PermanentFailure, UnknownOutcome, Unreachable

NO_WAY_THERE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH})
CHAIN_LIMIT = 50  # a chain made by hand may be a circle


def was_not_reached(error: BaseException) -> bool:
    """Tell whether the error, or one that led to it, says that the other side was never reached.

    What came later wins: after a refused connection a second one may have been cut, and that is not "nothing sent".
    """
    for cause in chain(error):
        if _says_not_reached(cause):
            return True
        if isinstance(cause, (UnknownOutcome, PermanentFailure, ConnectionError, TimeoutError)):
            return False
    return False


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what led to it, the latest first."""
    link: BaseException | None = error
    for _ in range(CHAIN_LIMIT):
        if link is None:
            return
        yield link
        link = link.__cause__ or link.__context__


def _says_not_reached(error: BaseException) -> bool:
    if isinstance(error, (Unreachable, ConnectionRefusedError, socket.gaierror)):
        return True
    return isinstance(error, OSError) and error.errno in NO_WAY_THERE
