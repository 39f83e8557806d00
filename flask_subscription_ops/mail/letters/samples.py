"""Notices that look like real ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from ...domain.clock import UTC, to_text
from ...domain.contacts import Contact
from .notice import Notice

AT = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
CUSTOMERS = {
    "en": ("Sample Customer", "Europe/London"),
    "ru": ("Клиент Примеров", "Europe/Moscow"),
    "tr": ("Örnek Müşteri", "Europe/Istanbul"),
}
ALERT: Mapping[str, object] = {
    "deployment": "production",
    "headline": "2 effects are dead",
    "lines": ["trial-expired:sub-41:2026-12-01", "trial-expired:sub-42:2026-12-01"],
}
DETAILS: Mapping[str, object] = {
    "product": "default",
    "plan": "pro",
    "amount": 4900,
    "currency": "EUR",
    "interval": "month",
    "interval_count": 1,
}
JUST_NOW = timedelta(minutes=-5)
ENDS: Mapping[str, Mapping[str, timedelta]] = {
    "trial_started": {"trial_ends_at": timedelta(days=14)},
    "trial_reminder": {"trial_ends_at": timedelta(days=3)},
    "trial_expired": {"trial_ends_at": JUST_NOW, "ended_at": JUST_NOW},
    "subscribed": {"period_end": timedelta(days=31)},
    "canceled": {"ended_at": JUST_NOW},
}


def sample(kind: str, locale: str, at: datetime = AT) -> Notice:
    """Return a notice of the kind as of `at`, with what every email of that kind has and nothing that only some have.

    An own kind of the host gets every instant there is.
    """
    language = locale.replace("-", "_").partition("_")[0]
    name, zone = CUSTOMERS.get(language, CUSTOMERS["en"])
    return Notice(
        key=f"{kind.replace('_', '-')}:sub-42:{at.date()}",
        kind=kind,
        account_id="42",
        contact=Contact("someone@example.com", name, locale, zone),
        details=ALERT if kind == "alert" else _details(kind, at),
        at=at,
    )


def _details(kind: str, at: datetime) -> Mapping[str, object]:
    ends = ENDS.get(kind) or {name: after for ends in ENDS.values() for name, after in ends.items()}
    lead = {"days": ends["trial_ends_at"].days} if kind == "trial_reminder" else {}
    return {**DETAILS, **{name: to_text(at + after) for name, after in ends.items()}, **lead}
