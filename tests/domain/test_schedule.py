from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_subscription_ops.domain.schedule import DAYS, Daily, Every, Rhythm, Weekly
from flask_subscription_ops.errors import InvalidInput, NaiveDatetime

TUESDAY = datetime(2026, 12, 1, 9, 0, tzinfo=timezone.utc)
MINUTES = [number for number in range(1, 60) if 60 % number == 0]
HOURS = [number for number in range(1, 24) if 24 % number == 0]

times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
rhythms: st.SearchStrategy[Rhythm] = st.one_of(
    st.sampled_from(MINUTES).map(lambda number: Every(minutes=number)),
    st.sampled_from(HOURS).map(lambda number: Every(hours=number)),
    times.map(Daily),
    st.builds(Weekly, st.sampled_from(DAYS), times),
)
instants = st.timedeltas(timedelta(0), timedelta(days=36_500)).map(TUESDAY.__add__)


@pytest.mark.parametrize(
    ("rhythm", "after", "following"),
    [
        (Every(minutes=2), "2026-12-01T09:00:00", "2026-12-01T09:02:00"),
        (Every(minutes=2), "2026-12-01T09:01:59", "2026-12-01T09:02:00"),
        (Every(minutes=15), "2026-12-01T23:59:00", "2026-12-02T00:00:00"),
        (Every(hours=2), "2026-12-01T09:00:00", "2026-12-01T10:00:00"),
        (Every(hours=2), "2026-12-31T22:00:00", "2027-01-01T00:00:00"),
        (Daily("09:00"), "2026-12-01T08:59:59", "2026-12-01T09:00:00"),
        (Daily("09:00"), "2026-12-01T09:00:00", "2026-12-02T09:00:00"),
        (Weekly("Sunday", "04:00"), "2026-12-01T09:00:00", "2026-12-06T04:00:00"),
        (Weekly("Tuesday", "04:00"), "2026-12-01T09:00:00", "2026-12-08T04:00:00"),
        (Weekly("Tuesday", "09:00"), "2026-12-01T09:00:00", "2026-12-08T09:00:00"),
        (Weekly("Tuesday", "09:01"), "2026-12-01T09:00:00", "2026-12-01T09:01:00"),
    ],
    ids=str,
)
def test_the_next_instant_is_the_first_that_is_later(rhythm: Rhythm, after: str, following: str) -> None:
    found = rhythm.next_after(datetime.fromisoformat(f"{after}+00:00"))

    assert found == datetime.fromisoformat(f"{following}+00:00")


@given(rhythm=rhythms, instant=instants)
def test_nothing_is_left_out_on_the_way_and_nothing_rings_twice(rhythm: Rhythm, instant: datetime) -> None:
    following = rhythm.next_after(instant)

    assert following > instant
    assert following.utcoffset() == timedelta(0)
    assert (following.second, following.microsecond) == (0, 0)
    assert rhythm.next_after(following - timedelta(microseconds=1)) == following
    assert rhythm.next_after(instant + (following - instant) / 2) == following


@given(number=st.sampled_from(MINUTES), instant=instants)
def test_minutes_ring_evenly_over_midnight(number: int, instant: datetime) -> None:
    first = Every(minutes=number).next_after(instant)

    assert Every(minutes=number).next_after(first) - first == timedelta(minutes=number)


@given(rhythm=rhythms, instant=instants, hours=st.integers(-12, 14))
def test_an_instant_of_any_zone_is_the_same_instant(rhythm: Rhythm, instant: datetime, hours: int) -> None:
    elsewhere = instant.astimezone(timezone(timedelta(hours=hours)))

    assert rhythm.next_after(elsewhere) == rhythm.next_after(instant)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"minutes": number} for number in (0, -1, 7, 60, 90, 2.0, True, "2")),
        *({"hours": number} for number in (0, -1, 5, 24, 48)),
        *({"minutes": minutes, "hours": 2} for minutes in (2, 7, -1)),
        {},
    ],
    ids=str,
)
def test_a_number_that_would_beat_unevenly_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        Every(**wrong)


@pytest.mark.parametrize("at", ["9:00", "24:00", "09:60", "09:00:00", "", "09.00", "٠٩:٠٠", "09:00\n"])
def test_a_time_that_is_none_is_refused(at: str) -> None:
    with pytest.raises(InvalidInput, match="time of day"):
        Daily(at)
    with pytest.raises(InvalidInput, match="time of day"):
        Weekly("Sunday", at)


@pytest.mark.parametrize("day", ["Sun", "sunday", "", "Funday"])
def test_a_day_that_is_none_is_refused(day: str) -> None:
    with pytest.raises(InvalidInput, match="the day must be one of Monday"):
        Weekly(day, "04:00")


@pytest.mark.parametrize("rhythm", [Every(minutes=1), Daily("09:00"), Weekly("Sunday", "04:00")])
def test_a_rhythm_cannot_be_changed_and_knows_no_naive_instant(rhythm: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        rhythm.at = "10:00"
    with pytest.raises(NaiveDatetime):
        rhythm.next_after(TUESDAY.replace(tzinfo=None))
