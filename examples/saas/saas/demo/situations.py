"""What the generated companies are like: who they are, and where their subscription stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from random import Random
from zoneinfo import ZoneInfo

FIRST = ("Amber", "Brisk", "Cobalt", "Dapper", "Ember", "Fable", "Granite", "Hazel", "Indigo", "Juniper", "Linen")
SECOND = ("Harbor", "Meadow", "Signal", "Orchard", "Lantern", "Quarry", "Summit", "Anchor", "Beacon", "Willow")
TRADE = ("Foods", "Labs", "Logistics", "Press", "Studio", "Tools", "Works")
HOSTILE = 'Acme <script>alert("1")</script>\r\nBcc: everybody@example.net \u202egnp.exe {{ 7 * 7 }}'

ZONES = (
    "Pacific/Honolulu",
    "America/Los_Angeles",
    "America/Chicago",
    "America/Sao_Paulo",
    "Europe/Berlin",
    "Europe/Istanbul",
    "Asia/Karachi",
    "Asia/Bangkok",
    "Asia/Tokyo",
    "Pacific/Auckland",
)
AWAKE, ASLEEP = range(9, 23), range(8)  # local hours that stay on their side of nine o'clock and midnight for a while
LOCALES = ("en", "ru", "tr", "de")  # emails do not speak German: those go out in English


@dataclass(frozen=True)
class Situation:
    """A group of companies: its share of all, its status, and in how many local days the trial or term ends."""

    name: str
    share: float
    status: str
    ends_in: tuple[int, ...]
    hours: range = AWAKE


SITUATIONS = (
    Situation("trial just begun", 0.20, "trialing", (12, 13)),
    Situation("7 days left", 0.04, "trialing", (7,)),
    Situation("3 days left", 0.04, "trialing", (3,)),
    Situation("1 day left", 0.04, "trialing", (1,)),
    Situation("3 days left, still asleep", 0.02, "trialing", (3,), ASLEEP),
    Situation("trial ended yesterday", 0.10, "trialing", (-1,)),
    Situation("paying", 0.56, "active", (10, 17, 24)),
)


@dataclass(frozen=True)
class Draft:
    """A company to be made; `email` is empty where it has no admin."""

    number: int
    name: str
    email: str
    timezone: str
    locale: str
    situation: str
    status: str
    plan: str
    ends_at: datetime


def drafts(count: int, now: datetime) -> Iterator[Draft]:
    """Draw `count` companies as of `now`; the same arguments give the same companies."""
    random = Random(42)
    for number, (situation, nth) in enumerate(_spread(count), start=1):
        name = " ".join(random.choice(words) for words in (FIRST, SECOND, TRADE))
        zones = _zones_in(situation.hours, now)
        zone = zones[nth % len(zones)]
        yield Draft(
            number=number,
            name=HOSTILE if (situation.name, nth) == ("7 days left", 2) else f"{name} {number}",
            email=_email(name, number, situation, nth),
            timezone=zone,
            locale=random.choice(LOCALES),
            situation=situation.name,
            status=situation.status,
            plan=random.choice(("starter", "pro")),
            ends_at=_local_noon(now, random.choice(situation.ends_in), zone),
        )


def a_company_with(situation: str, count: int) -> int:
    """Return the number, which is also the key, of the last of `count` companies in this situation."""
    return max(number for number, (each, _) in enumerate(_spread(count), start=1) if each.name == situation)


def _spread(count: int) -> Iterator[tuple[Situation, int]]:
    """Give every situation its share, and the last one what rounding leaves over."""
    left = count
    for situation in SITUATIONS:
        size = left if situation is SITUATIONS[-1] else round(situation.share * count)
        left -= size
        for nth in range(size):
            yield situation, nth


def _zones_in(hours: range, now: datetime) -> list[str]:
    return [zone for zone in ZONES if now.astimezone(ZoneInfo(zone)).hour in hours]


def _email(name: str, number: int, situation: Situation, nth: int) -> str:
    """Leave the first company of an urgent situation without an admin, and the second with a broken address."""
    address = f"owner@{name.replace(' ', '-').lower()}-{number}.example.com"
    if situation.name in {"3 days left", "trial ended yesterday"} and nth < 2:
        return ("", address.replace("@", " at "))[nth]
    return address


def _local_noon(now: datetime, days: int, zone: str) -> datetime:
    day = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    return datetime.combine(day, time(12), ZoneInfo(zone)).astimezone(timezone.utc)
