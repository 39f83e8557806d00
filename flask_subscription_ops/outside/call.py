"""A call that its caller can leave."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from ..errors import DeadlineExceeded

T = TypeVar("T")
Context = Callable[[], AbstractContextManager[Any]]


class Call:
    """One call in a thread of its own, within a context of its own, so that it can be cut off at its deadline.

    A call that is cut off is abandoned, not stopped: it may still do what it was asked.
    """

    def __init__(self, context: Context, function: Callable[..., Any], *arguments: Any) -> None:
        self._context, self._function, self._arguments = context, function, arguments
        self._finished = threading.Event()
        self._value: Any = None
        self._error: Exception | None = None
        threading.Thread(target=self._run, name="subscription-ops-call", daemon=True).start()

    def _run(self) -> None:
        try:
            with self._context():
                self._value = self._function(*self._arguments)
        except Exception as error:
            self._error = error
        except BaseException as error:
            self._error = RuntimeError(f"the hook ended its thread with {type(error).__name__}")
        finally:
            self._finished.set()

    def wait(self, seconds: float) -> bool:
        """Wait at most so long; tell whether the call has returned."""
        return self._finished.wait(seconds)

    def result(self, seconds: float) -> Any:
        """Return what the call returned or raise what it raised; DeadlineExceeded while it is still running."""
        if not self._finished.wait(seconds):
            name = getattr(self._function, "__name__", "hook")
            raise DeadlineExceeded(f"{name} was cut off after {seconds:g} s: make it faster or raise SUBS_HOOK_TIMEOUT")
        if self._error is not None:
            raise self._error
        return self._value


def within(seconds: float, function: Callable[..., T], *arguments: Any) -> T:
    """Return what the function returns or raise what it raises; raise DeadlineExceeded when it takes longer.

    For what limits single reads only, or nothing at all. A late call may still do what it was asked.
    """
    call = Call(nullcontext, function, *arguments)
    if not call.wait(seconds):
        raise DeadlineExceeded(f"no answer within {seconds:g} seconds")
    value: T = call.result(0)
    return value
