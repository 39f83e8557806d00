"""Dates, instants, zones and money as people of one region write them; a region is a locale of Babel's."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from babel.dates import format_date, format_time, get_timezone_location

from ...domain.emails import needs_its_hour
from ...domain.money import Money, minor_digits

Gettext = Callable[[str], str]

_WITHOUT_A_CITY = re.compile(r"Etc/.*|[A-Z]{3}(\d[A-Z]{3})?")  # Etc/GMT+5, UTC, EST5EDT


def format_day(value: date, region: str) -> str:
    """Return the day in words, such as December 1, 2026."""
    return format_date(value, "long", locale=_locale(region))


def format_instant(value: datetime, region: str, gettext: Gettext, home: tzinfo) -> str:
    """Return day, hour and zone of an aware datetime in its own zone; the day alone where the hour means nothing.

    `home` is the app's zone.
    """
    day = format_day(value, region)
    if not needs_its_hour(value, home):
        return day
    # English gets a narrow no-break space before AM, the only character that would not be ASCII.
    time = format_time(value, "short", tzinfo=value.tzinfo, locale=_locale(region)).replace("\u202f", " ")
    return gettext("%(day)s at %(time)s (%(zone)s)") % {"day": day, "time": time, "zone": format_zone(value, region)}


def format_zone(value: datetime, region: str) -> str:
    """Return the city that the zone is named after, such as London; GMT+3 where it is named after none."""
    if isinstance(value.tzinfo, ZoneInfo) and (city := _city(value.tzinfo.key, region)):
        return city
    minutes = (value.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"GMT{sign}{hours}{f':{rest:02}' if rest else ''}" if minutes else "GMT"


@lru_cache(maxsize=512)
def format_money(amount: int, currency: str, region: str) -> str:
    """Return minor units as an amount with its currency, with the decimals that ISO 4217 gives it.

    Babel's own digits are those of cash in use: it would show 1.500 Iraqi dinars as 2.
    """
    pattern = copy.copy(_locale(region).currency_formats["standard"])
    pattern.frac_prec = (minor_digits(currency),) * 2
    written: str = pattern.apply(
        Money(amount, currency).major(), _locale(region), currency=currency, currency_digits=False
    )
    return re.sub(r"(?<=[A-Z])(?=\d)", "\N{NO-BREAK SPACE}", written)  # KWD 1.500, not KWD1.500


def format_price(amount: int, currency: str, region: str, gettext: Gettext) -> str:
    """Return what a plan costs: an amount, or that it is free."""
    return format_money(amount, currency, region) if amount else gettext("free")


@lru_cache(maxsize=512)
def _city(zone: str, region: str) -> str:
    known: str = get_global("zone_aliases").get(zone, zone)
    if _WITHOUT_A_CITY.fullmatch(zone) or _WITHOUT_A_CITY.fullmatch(known):
        return ""
    return get_timezone_location(known, locale=_locale(region), return_city=True).rpartition("/")[2]


@cache
def _locale(region: str) -> Locale:
    return Locale.parse(region)
