"""Dates, zones and money as people write them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, available_timezones

import pytest

from flask_subscription_ops.domain.clock import UTC
from flask_subscription_ops.domain.contacts import zone_of
from flask_subscription_ops.mail.letters.formats import format_instant, format_zone
from flask_subscription_ops.mail.letters.languages import Languages

WINTER = datetime(2026, 12, 4, 9, 30, tzinfo=UTC)


def written(at: str, zone: str = "Europe/London", region: str = "en_GB", home: tzinfo = UTC) -> str:
    instant = datetime.fromisoformat(at).astimezone(zone_of(zone))
    said = format_instant(instant, region, Languages().words(region.partition("_")[0]).ugettext, home)
    return said.replace("\u202f", " ")


@pytest.mark.parametrize(
    ("region", "zone", "said"),
    [
        ("en", "America/New_York", "December 4, 2026 at 4:30 AM (New York)"),
        ("en_GB", "Europe/London", "4 December 2026 at 09:30 (London)"),
        ("en_DE", "Europe/Berlin", "4 December 2026 at 10:30 (Berlin)"),
        ("tr", "Europe/Istanbul", "4 Aralık 2026 saat 12:30 (İstanbul)"),
        ("ru", "Europe/Moscow", "4 декабря 2026 г., 12:30 (Москва)"),
        ("en_GB", "UTC", "4 December 2026 at 09:30 (GMT)"),
    ],
)
def test_an_instant_has_its_day_hour_and_city(region: str, zone: str, said: str) -> None:
    assert written("2026-12-04T09:30:00+00:00", zone, region) == said


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("US/Hawaii", "Honolulu"),
        ("GB", "London"),
        ("Japan", "Tokyo"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires"),
        ("America/North_Dakota/New_Salem", "New Salem, North Dakota"),
        ("Asia/Calcutta", "Kolkata"),
        ("Etc/GMT+5", "GMT-5"),
        ("Etc/UTC", "GMT"),
        ("GMT", "GMT"),
        ("Zulu", "GMT"),
        ("EST", "GMT-5"),
        ("EST5EDT", "GMT-5"),
        ("CET", "GMT+1"),
    ],
)
def test_a_zone_is_named_by_its_city_or_by_its_distance_from_greenwich(zone: str, name: str) -> None:
    assert format_zone(WINTER.astimezone(ZoneInfo(zone)), "en") == name


@pytest.mark.parametrize(("minutes", "name"), [(330, "GMT+5:30"), (-210, "GMT-3:30"), (180, "GMT+3"), (0, "GMT")])
def test_a_zone_without_a_name_is_told_by_its_distance(minutes: int, name: str) -> None:
    zone = timezone(timedelta(minutes=minutes))

    assert format_zone(WINTER.astimezone(zone), "ru") == name


@pytest.mark.parametrize("region", ["en", "tr", "ru", "de"])
def test_no_zone_there_is_goes_by_a_name_that_nobody_says(region: str) -> None:
    for zone in sorted(available_timezones()):
        name = format_zone(WINTER.astimezone(ZoneInfo(zone)), region)

        assert name
        assert not set(name) & set("/_()\n")
        assert not any(word in name for word in ("Time", "время", "Saati", "zeit", "Unknown"))


@pytest.mark.parametrize(
    ("at", "zone", "home", "said"),
    [
        ("2026-12-04T00:00:00+00:00", "Europe/Moscow", UTC, "4 December 2026"),
        ("2026-12-04T00:00:00+00:00", "America/New_York", UTC, "3 December 2026"),
        ("2026-12-03T23:00:00+00:00", "Europe/Moscow", ZoneInfo("Europe/Berlin"), "4 December 2026"),
        ("2026-12-03T23:00:00+00:00", "Europe/Berlin", UTC, "4 December 2026 at 00:00 (Berlin)"),
        ("2026-12-04T00:00:00+00:00", "Europe/London", UTC, "4 December 2026 at 00:00 (London)"),
        ("2026-12-04T00:00:01+00:00", "Europe/Moscow", UTC, "4 December 2026 at 03:00 (Moscow)"),
    ],
)
def test_midnight_of_another_zone_is_told_by_the_day_alone(at: str, zone: str, home: tzinfo, said: str) -> None:
    assert written(at, zone, home=home) == said


def test_never_has_a_date_as_well() -> None:
    assert written("9999-12-31T23:59:59+00:00", "UTC", home=ZoneInfo("Asia/Tokyo")) == "31 December 9999 at 23:59 (GMT)"
