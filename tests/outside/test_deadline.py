from __future__ import annotations

import pytest

from flask_subscription_ops.outside.deadline import Deadline


def test_a_deadline_that_is_over_raises() -> None:
    with pytest.raises(TimeoutError):
        Deadline(0).remaining()
    with pytest.raises(TimeoutError):
        Deadline(0).share(3)


def test_a_deadline_counts_down() -> None:
    assert 0 < Deadline(60).remaining() <= 60


def test_a_step_gets_its_share_and_the_last_one_all_that_is_left() -> None:
    deadline = Deadline(60)

    assert deadline.share(4) == pytest.approx(15, abs=0.1)
    assert deadline.share(1) == pytest.approx(60, abs=0.1)
