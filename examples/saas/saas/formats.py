"""Template filters: instants as the company's own days, minor units as money."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_currency
from flask import Flask


def init_app(app: Flask) -> None:
    app.add_template_filter(day)
    app.add_template_filter(days_left)
    app.add_template_filter(money)


def day(instant: datetime, zone: str) -> str:
    """Write the day on which `instant` falls in `zone`."""
    return format_date(instant.astimezone(ZoneInfo(zone)), "d MMMM y", locale="en")


def days_left(instant: datetime, zone: str) -> int:
    """Count the nights from now to `instant` in `zone`, never less than none."""
    local = ZoneInfo(zone)
    return max(0, (instant.astimezone(local).date() - datetime.now(timezone.utc).astimezone(local).date()).days)


def money(minor_units: int, currency: str) -> str:
    """Write an amount of a currency with two decimals, as all our plans have."""
    return format_currency(minor_units / 100, currency, locale="en")
