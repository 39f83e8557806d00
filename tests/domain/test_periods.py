from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta, timezone
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_subscription_ops.domain.periods import Interval, anchor_of, boundaries, parse_interval, period_at
from flask_subscription_ops.errors import InvalidInput

UTC = timezone.utc
instants = st.integers(0, 70 * 365 * 24).map(lambda hour: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(hours=hour))
intervals = st.builds(Interval, st.sampled_from(["day", "week", "month", "year"]), st.integers(1, 14))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


@given(anchor=instants, count=st.integers(1, 14), periods=st.integers(0, 60))
def test_a_monthly_boundary_falls_on_the_anchors_day_or_the_last_of_a_shorter_month(
    anchor: datetime, count: int, periods: int
) -> None:
    boundary = Interval("month", count).after(anchor, periods)

    months = anchor.year * 12 + anchor.month - 1 + count * periods
    assert (boundary.year, boundary.month) == (months // 12, months % 12 + 1)
    assert boundary.day == min(anchor.day, monthrange(boundary.year, boundary.month)[1])
    assert boundary.timetz() == anchor.timetz()


def test_the_31st_of_january_does_not_drift() -> None:
    year = [at.day for at in islice(boundaries(utc(2027, 1, 31), Interval("month")), 13)]

    assert year == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31]


def test_a_year_from_the_29th_of_february_comes_back_to_it_in_leap_years() -> None:
    years = [(at.month, at.day) for at in islice(boundaries(utc(2024, 2, 29), Interval("year")), 5)]

    assert years == [(2, 29), (2, 28), (2, 28), (2, 28), (2, 29)]


@given(anchor=instants, interval=intervals)
def test_boundaries_begin_at_the_anchor_and_only_go_forward(anchor: datetime, interval: Interval) -> None:
    first = list(islice(boundaries(anchor, interval), 30))

    assert first[0] == anchor
    assert all(earlier < later for earlier, later in pairwise(first))


@given(anchor=instants, interval=intervals, days=st.floats(0, 12_000))
def test_the_period_at_an_instant_holds_it_and_lies_between_two_consecutive_boundaries(
    anchor: datetime, interval: Interval, days: float
) -> None:
    now = anchor + timedelta(days=days)

    start, end = period_at(anchor, interval, now)

    assert start <= now < end
    assert (start, end) in pairwise(_until_after(anchor, interval, now))


@given(anchor=instants, interval=intervals, periods=st.integers(0, 60))
def test_a_boundary_belongs_to_the_period_that_it_begins(anchor: datetime, interval: Interval, periods: int) -> None:
    boundary = interval.after(anchor, periods)

    assert period_at(anchor, interval, boundary)[0] == boundary
    assert period_at(anchor, interval, boundary - timedelta(microseconds=1))[periods > 0] == boundary


@given(anchor=instants, interval=intervals, days=st.floats(0.01, 2000))
def test_before_the_anchor_the_period_is_the_first_one(anchor: datetime, interval: Interval, days: float) -> None:
    found = period_at(anchor, interval, anchor - timedelta(days=days))

    assert found == (anchor, interval.after(anchor, 1))


@pytest.mark.parametrize(
    ("end", "interval", "anchor"),
    [
        (utc(2027, 3, 15), Interval("month"), utc(2027, 2, 15)),
        (utc(2027, 3, 31), Interval("month"), utc(2027, 1, 31)),
        (utc(2027, 5, 31), Interval("month", 3), utc(2026, 8, 31)),
        (utc(2028, 2, 29), Interval("year"), utc(2024, 2, 29)),
        (utc(2104, 2, 29), Interval("year"), utc(2096, 2, 29)),
        (utc(2027, 3, 31), Interval("week", 2), utc(2027, 3, 17)),
    ],
)
def test_the_anchor_of_a_known_end_keeps_its_day(end: datetime, interval: Interval, anchor: datetime) -> None:
    assert anchor_of(end, interval) == anchor


@given(end=instants, interval=intervals)
def test_a_known_end_is_one_of_its_anchors_boundaries(end: datetime, interval: Interval) -> None:
    anchor = anchor_of(end, interval)

    assert anchor < end
    assert end in _until_after(anchor, interval, end)


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("day", Interval("day")),
        ("week", Interval("week")),
        ("month", Interval("month")),
        ("year", Interval("year")),
        ("3 months", Interval("month", 3)),
        (" 2  weeks ", Interval("week", 2)),
    ],
)
def test_an_interval_is_read_from_words(text: str, interval: Interval) -> None:
    assert parse_interval(text) == interval


@pytest.mark.parametrize("text", ["", "monthly", "0 months", "-1 month", "1.5 months", "2000 days", "3months", 3, None])
def test_anything_else_is_not_an_interval(text: object) -> None:
    with pytest.raises(InvalidInput, match="interval"):
        parse_interval(text)


def _until_after(anchor: datetime, interval: Interval, now: datetime) -> list[datetime]:
    found = []
    for boundary in boundaries(anchor, interval):
        found.append(boundary)
        if boundary > now:
            return found
    raise AssertionError("boundaries go on for ever")
