"""Dates, instants and money as people of one language write them."""

from __future__ import annotations

import copy
import re
from datetime import date, datetime
from functools import cache, lru_cache

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_name

from ...domain.money import Money, minor_digits


def format_day(value: date, language: str) -> str:
    """Return the day in words, such as December 1, 2026."""
    return format_date(value, "long", locale=_locale(language))


def format_instant(value: datetime, language: str) -> str:
    """Return day, time and zone; an aware datetime is told in its own zone."""
    locale = _locale(language)
    # English gets a narrow no-break space before AM, the only character that would not be ASCII.
    time = format_time(value, "short", tzinfo=value.tzinfo, locale=locale).replace("\u202f", " ")
    return f"{format_day(value, language)}, {time} ({get_timezone_name(value, locale=locale)})"


@lru_cache(maxsize=512)
def format_money(amount: int, currency: str, language: str) -> str:
    """Return minor units as an amount with its currency, with the decimals that ISO 4217 gives it.

    Babel's own digits are those of cash in use: it would show 1.500 Iraqi dinars as 2.
    """
    pattern = copy.copy(_locale(language).currency_formats["standard"])
    pattern.frac_prec = (minor_digits(currency),) * 2
    written: str = pattern.apply(
        Money(amount, currency).major(), _locale(language), currency=currency, currency_digits=False
    )
    return re.sub(r"(?<=[A-Z])(?=\d)", "\N{NO-BREAK SPACE}", written)  # KWD 1.500, not KWD1.500


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)
