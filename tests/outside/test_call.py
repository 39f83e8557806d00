from __future__ import annotations

import threading

import pytest

from flask_subscription_ops.errors import DeadlineExceeded
from flask_subscription_ops.outside.call import within


def test_a_call_in_time_returns_what_it_returned_even_nothing() -> None:
    assert within(5, lambda: None) is None
    assert within(5, lambda: 7) == 7


def test_a_fault_of_the_call_is_the_callers() -> None:
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)


def test_a_call_that_ends_its_thread_is_not_waited_for() -> None:
    def leave() -> None:
        raise SystemExit

    with pytest.raises(RuntimeError, match="SystemExit"):
        within(5, leave)


def test_a_call_that_does_not_return_is_left_behind() -> None:
    released = threading.Event()

    with pytest.raises(DeadlineExceeded, match=r"within 0\.05 seconds"):
        within(0.05, released.wait, 30)

    released.set()
