from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flask_subscription_ops.domain.clock import as_instant, parse_instant, system_clock, to_text
from flask_subscription_ops.errors import InvalidInput, NaiveDatetime

UTC = timezone.utc
NINE = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


def test_now_is_aware_and_in_utc() -> None:
    assert system_clock().utcoffset() == timedelta(0)


def test_an_instant_of_any_zone_is_told_in_utc() -> None:
    found = as_instant(datetime(2026, 12, 1, 12, 0, tzinfo=ZoneInfo("Europe/Istanbul")))

    assert found == NINE
    assert found.tzinfo is UTC


def test_a_naive_datetime_is_refused_with_its_name_and_the_remedy() -> None:
    with pytest.raises(NaiveDatetime, match=r"trial_ends_at 2026-12-01T09:00:00 has no zone: use datetime\.now"):
        as_instant(datetime(2026, 12, 1, 9, 0), "trial_ends_at")  # noqa: DTZ001  # the point


@pytest.mark.parametrize("value", ["2026-12-01", 1_764_579_600, date(2026, 12, 1), None])
def test_what_is_no_datetime_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInput, match="as_of must be a datetime"):
        as_instant(value, "as_of")


def test_an_instant_outside_of_the_calendar_is_refused() -> None:
    with pytest.raises(InvalidInput, match="years 1 to 9999"):
        as_instant(datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))))


@pytest.mark.parametrize("text", ["2026-12-01T09:00:00Z", "2026-12-01T12:00:00+03:00", "20261201T0900Z"])
def test_an_instant_is_read_from_iso_8601(text: str) -> None:
    assert parse_instant(text) == NINE


@pytest.mark.parametrize("text", ["tomorrow", "", "2026-13-01T00:00:00Z", "01.12.2026"])
def test_any_other_text_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInput, match="write it as 2026-12-01T09:00:00Z"):
        parse_instant(text, "--as-of")


@pytest.mark.parametrize(
    ("text", "in_utc"), [("2026-12-01T09:00:00", "2026-12-01T09:00:00Z"), ("2026-12-01", "2026-12-01T00:00:00Z")]
)
def test_a_text_without_a_zone_is_naive_and_is_told_how_to_write_it(text: str, in_utc: str) -> None:
    with pytest.raises(NaiveDatetime, match=f"--as-of {text} has no zone: in UTC it is written {in_utc}"):
        parse_instant(text, "--as-of")


def test_an_instant_is_written_with_a_z_and_reads_back_the_same() -> None:
    instant = NINE.replace(microsecond=123456)

    assert to_text(instant) == "2026-12-01T09:00:00.123456Z"
    assert parse_instant(to_text(instant)) == instant
