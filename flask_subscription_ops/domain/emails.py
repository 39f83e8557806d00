"""The kinds of email there are, as one table, and whether one still has a reason when its turn comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from enum import Enum
from typing import Any

from .clock import UTC, to_text
from .contacts import in_zone
from .reminders import Ladder
from .states import ENDED, Status


class Audience(Enum):
    """Who a kind of email goes to."""

    CONTACT = "contact"  # the account's, as the host tells it
    ADMINS = "admins"  # SUBS_ADMIN_EMAILS; it is about no account


@dataclass(frozen=True)
class EmailKind:
    """One kind of email.

    It is wanted while the subscription is in one of `wanted_in`. `keyed_by` names the instant whose day stands in its
    effect key, else the subscription's version does; `counts_to` names the instant that `days_left` counts to.
    """

    name: str
    wanted_in: frozenset[Status] = frozenset(Status)
    keyed_by: str | None = None
    counts_to: str | None = None
    audience: Audience = Audience.CONTACT


_TRIALING = frozenset({Status.TRIALING})

EMAILS: Mapping[str, EmailKind] = {
    kind.name: kind
    for kind in (
        EmailKind("trial_started", _TRIALING, keyed_by="trial_ends_at", counts_to="trial_ends_at"),
        EmailKind("trial_reminder", _TRIALING, keyed_by="trial_ends_at", counts_to="trial_ends_at"),
        EmailKind("trial_expired", frozenset({Status.EXPIRED}), keyed_by="trial_ends_at", counts_to="trial_ends_at"),
        EmailKind("subscribed", frozenset(Status) - ENDED - _TRIALING, counts_to="period_end"),
        EmailKind("canceled", frozenset({Status.CANCELED}), counts_to="ended_at"),
        EmailKind("alert", audience=Audience.ADMINS),
    )
}


def email_kind(name: str) -> EmailKind:
    """Return what is known of a kind; one that is not in the table is the host's own, and always wanted."""
    return EMAILS.get(name) or EmailKind(name)


@dataclass(frozen=True)
class Facts:
    """What is true of a subscription now; `ladder` holds a trial's reminders in its contact's zone."""

    status: Status
    trial_ends_at: datetime | None
    cancel_at_period_end: bool
    ladder: Ladder | None


def why_not(kind: str, details: Mapping[str, Any], facts: Facts, now: datetime) -> str | None:
    """Return why this email is not wanted any more, or None when it is."""
    if facts.status not in email_kind(kind).wanted_in:
        return f"the subscription is {facts.status.value}"
    if kind == "trial_reminder":
        return _why_not_remind(details, facts, now)
    return None


def _why_not_remind(details: Mapping[str, Any], facts: Facts, now: datetime) -> str | None:
    if facts.trial_ends_at is None or details["trial_ends_at"] != to_text(facts.trial_ends_at):
        return "the trial's end was moved"
    if facts.cancel_at_period_end:
        return "the trial is to be canceled at its end"
    if now >= facts.trial_ends_at:
        return "the trial has ended"
    if facts.ladder and facts.ladder.is_overtaken(int(details["days"]), now):
        return "a more urgent reminder is due"
    return None


def needs_its_hour(instant: datetime, home: tzinfo) -> bool:
    """Tell whether an email names the hour of an instant that is in its reader's zone, or the day alone.

    An end at midnight of the app's own zone, or of UTC, was meant as a day: elsewhere its hour (03:00 in Moscow) is an
    accident, and the reader's day says enough. Midnight in the reader's own zone does need its hour, as it parts two
    days. The day is always the one that "in 3 days" counts to.
    """
    return _is_midnight(instant) or not any(_is_midnight(in_zone(instant, zone)) for zone in (home, UTC))


def _is_midnight(instant: datetime) -> bool:
    return instant.time() == time.min
