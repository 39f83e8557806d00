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
ENDS: Mapping[str, Mapping[str, timedelta]] = {
    "trial_started": {"trial_ends_at": timedelta(days=14)},
    "trial_reminder": {"trial_ends_at": timedelta(days=3)},
    "trial_expired": {"trial_ends_at": timedelta(minutes=-5)},
    "subscribed": {"period_end": timedelta(days=31)},
    "canceled": {"ended_at": timedelta(minutes=-5)},
}


def sample(kind: str, locale: str) -> Notice:
    """Return a notice of the kind; an own kind of the host gets every instant there is."""
    language = locale.replace("-", "_").partition("_")[0]
    name, zone = CUSTOMERS.get(language, CUSTOMERS["en"])
    instants = ENDS.get(kind) or {key: after for ends in ENDS.values() for key, after in ends.items()}
    return Notice(
        key=f"{kind.replace('_', '-')}:sub-42:{AT.date()}",
        kind=kind,
        account_id="42",
        contact=Contact("someone@example.com", name, locale, zone),
        details={**DETAILS, **{key: to_text(AT + after) for key, after in instants.items()}}
        if kind != "alert"
        else ALERT,
        at=AT,
    )
