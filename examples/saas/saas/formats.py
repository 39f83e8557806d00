"""Template filters: instants in a company's zone, minor units as money; each as the reader's language writes it."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency
from flask import Flask, g


def init_app(app: Flask) -> None:
    for template_filter in (day, moment, days_left, money, words):
        app.add_template_filter(template_filter)


def day(instant: datetime, zone: str) -> str:
    """Write the day on which `instant` falls in `zone`."""
    return format_date(instant.astimezone(ZoneInfo(zone)), "long", locale=_language())


def moment(instant: datetime, zone: str) -> str:
    """Write day and time of `instant` in `zone`, short enough for a table."""
    return format_datetime(instant, "short", tzinfo=ZoneInfo(zone), locale=_language())


def days_left(instant: datetime, zone: str) -> int:
    """Count the nights from now to `instant` in `zone`, never less than none."""
    local = ZoneInfo(zone)
    return max(0, (instant.astimezone(local).date() - datetime.now(timezone.utc).astimezone(local).date()).days)


def money(minor_units: int, currency: str) -> str:
    """Write an amount of a currency with two decimals, as all our plans have."""
    return format_currency(minor_units / 100, currency, locale=_language())


def words(key: str) -> str:
    """Write a key such as `trial_ended` for people."""
    return key.replace("_", " ").capitalize()


def _language() -> str:
    """Return the language of the reader's company; the team, and whoever is not logged in, reads English."""
    return g.user.company.locale if g.get("user") and not g.user.is_staff else "en"
