from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from flask_subscription_ops.domain.retry import backoff, jittered


def test_the_wait_grows_from_a_minute_to_twelve_hours_and_stays_there() -> None:
    minutes = [backoff(attempts) / timedelta(minutes=1) for attempts in range(1, 10)]

    assert minutes == [1, 5, 15, 60, 180, 360, 720, 720, 720]


def test_eight_attempts_are_spread_over_more_than_a_night() -> None:
    total = sum((backoff(attempts) for attempts in range(1, 8)), timedelta())

    assert timedelta(hours=12) < total < timedelta(days=2)


@given(key=st.text(), minutes=st.integers(1, 720))
def test_jitter_stretches_a_wait_by_at_most_a_fifth_and_always_alike(key: str, minutes: int) -> None:
    wait = timedelta(minutes=minutes)

    assert wait <= jittered(wait, key) <= wait * 1.2
    assert jittered(wait, key) == jittered(wait, key)


def test_effects_that_failed_together_come_back_spread_out() -> None:
    waits = sorted(jittered(timedelta(minutes=10), f"trial-reminder:sub-{n}:2026-12-01:7") for n in range(1000))

    assert waits[100] < timedelta(minutes=10.4)
    assert waits[900] > timedelta(minutes=11.6)
