from __future__ import annotations

import threading

import pytest

from flask_subscription_ops.errors import DeadlineExceeded
from flask_subscription_ops.outside.deadline import Deadline, within


def test_a_deadline_that_is_over_raises() -> None:
    with pytest.raises(TimeoutError):
        Deadline(0).remaining()


def test_a_deadline_counts_down() -> None:
    assert 0 < Deadline(60).remaining() <= 60


def test_a_call_in_time_returns_what_it_returned_even_nothing() -> None:
    assert within(5, lambda: None) is None
    assert within(5, lambda: 7) == 7


def test_a_fault_of_the_call_is_the_callers() -> None:
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)


def test_a_call_that_does_not_return_is_left_behind() -> None:
    released = threading.Event()

    with pytest.raises(DeadlineExceeded, match=r"within 0\.05 seconds"):
        within(0.05, lambda: released.wait(30))

    released.set()
