"""Customers in every situation, and what must have happened to each when all is quiet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, timezone
from typing import Any

from flask_sqlalchemy import SQLAlchemy

from flask_subscription_ops import SubscriptionOps
from flask_subscription_ops.models import Subscription

Situation = Callable[["Customers", str], None]


@dataclass
class Customers:
    """Adds customers to the shop and keeps what is expected of them."""

    db: SQLAlchemy
    subs: SubscriptionOps
    emails: set[str] = field(default_factory=set)  # effect keys that must be accepted at least once
    last_calls: dict[str, tuple[str, str]] = field(default_factory=dict)  # account: (action, operation id)
    statuses: dict[int, str] = field(default_factory=dict)  # subscription id: its status in the end
    count: int = 0

    def add(self, rounds: int = 1) -> None:
        """Add one customer for each situation, `rounds` times, and commit."""
        for situation in list(SITUATIONS) * rounds:
            self.count += 1
            prefix = situation.__name__ if situation in (nobody, gone) else "account"
            situation(self, f"{prefix}-{self.count}")
        self.db.session.commit()
        self.db.session.remove()

    def trial(self, account_id: str, ends_at: datetime, **columns: Any) -> Subscription:
        """Add a trial that moved in."""
        trial = Subscription(account_id=account_id, plan="pro", status="trialing", trial_ends_at=ends_at, **columns)
        self.db.session.add(trial)
        self.db.session.flush()
        self.statuses[trial.id] = "trialing"
        return trial

    def start_trial(self, account_id: str) -> Subscription:
        """Start a trial as a view would, with its email."""
        trial = self.subs.start_trial(account_id, "pro")
        self.statuses[trial.id] = "trialing"
        self.emails.add(started_email(trial))
        return trial

    def expect_end(self, trial: Subscription, status: str, *emails: str) -> None:
        self.statuses[trial.id] = status
        self.last_calls[trial.account_id] = ("stop", f"suspend-workspaces:{trial.subject}:2")
        self.emails.update(emails)


def ended(customers: Customers, account_id: str) -> None:
    trial = customers.trial(account_id, now() - timedelta(hours=5))
    customers.expect_end(trial, "expired", expired_email(trial))


def ending_soon(customers: Customers, account_id: str) -> None:
    trial = customers.trial(account_id, now() + timedelta(seconds=1), period_start=now() - timedelta(hours=20))
    customers.expect_end(trial, "expired", expired_email(trial))


def ended_and_to_be_canceled(customers: Customers, account_id: str) -> None:
    trial = customers.trial(account_id, now() - timedelta(days=1), cancel_at_period_end=True)
    customers.expect_end(trial, "canceled", f"canceled:{trial.subject}:2")


def ended_but_to_be_charged(customers: Customers, account_id: str) -> None:
    customers.trial(account_id, now() - timedelta(days=1), payment_method="card-1")


def nobody(customers: Customers, account_id: str) -> None:
    customers.expect_end(customers.trial(account_id, now() - timedelta(days=2)), "expired")


def gone(customers: Customers, account_id: str) -> None:
    customers.expect_end(customers.trial(account_id, now() - timedelta(days=3)), "expired")


def due_in_days(days: int, lead: int) -> Situation:
    """A trial whose reminder of `lead` days is due today, and still the most urgent one tomorrow."""

    def reminded(customers: Customers, account_id: str) -> None:
        day = now().date() + timedelta(days=days)
        trial = customers.trial(account_id, datetime.combine(day, time(18), timezone.utc))
        customers.emails.add(f"trial-reminder:{trial.subject}:{day.isoformat()}:{lead}")

    return reminded


def far_from_its_end(customers: Customers, account_id: str) -> None:
    customers.trial(account_id, now() + timedelta(days=30), period_start=now())


def started(customers: Customers, account_id: str) -> None:
    customers.start_trial(account_id)


def started_and_extended(customers: Customers, account_id: str) -> None:
    customers.subs.extend_trial(customers.start_trial(account_id), days=7)


def started_and_canceled(customers: Customers, account_id: str) -> None:
    trial = customers.subs.start_trial(account_id, "pro")
    customers.subs.cancel(trial, at_period_end=False)
    customers.expect_end(trial, "canceled", f"canceled:{trial.subject}:2")


def subscribed_paused_and_back(customers: Customers, account_id: str) -> None:
    term = customers.subs.subscribe(account_id, "pro")
    customers.subs.pause(term)
    customers.subs.unpause(term)
    customers.statuses[term.id] = "active"
    customers.emails.add(f"subscribed:{term.subject}:1")
    customers.last_calls[account_id] = ("start", f"resume-workspaces:{term.subject}:3")


SITUATIONS: tuple[Situation, ...] = (
    *(ended, ended, ended, ending_soon, ended_and_to_be_canceled, ended_but_to_be_charged, nobody, gone),
    *(due_in_days(6, 7), due_in_days(3, 3), due_in_days(1, 1), far_from_its_end),
    *(started, started_and_extended, started_and_canceled, subscribed_paused_and_back),
)


def expired_email(trial: Subscription) -> str:
    return f"trial-expired:{trial.subject}:{_end(trial)}"


def started_email(trial: Subscription) -> str:
    return f"trial-started:{trial.subject}:{_end(trial)}"


def now() -> datetime:
    return datetime.now(timezone.utc)


def _end(trial: Subscription) -> str:
    assert trial.trial_ends_at is not None
    return trial.trial_ends_at.date().isoformat()
