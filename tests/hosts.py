"""A small host app for tests: it remembers what was asked of its workspaces."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData

from flask_subscription_ops import Contact, Operation, SubscriptionOps
from flask_subscription_ops.models import AuditEntry, OutboxMessage, Subscription

if TYPE_CHECKING:
    from flask_subscription_ops.testing import Answer, ScriptedTransport

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=timezone.utc)
PLANS = {"pro": {"price": 4900, "currency": "EUR", "interval": "month", "trial_days": 14}}
CONFIG: Mapping[str, Any] = {
    "SECRET_KEY": "tests",
    "MAIL_DEFAULT_SENDER": "billing@host.example",
    "SUBS_MAIL": "memory",
    "SUBS_PLANS": PLANS,
    "SUBS_DEPLOYMENT": "tests",
    "SUBS_ALLOW_TIME_TRAVEL": True,
}


@dataclass
class Host:
    """The app with its extensions, whom it knows, and what its workspace hooks were asked."""

    app: Flask
    db: SQLAlchemy
    subs: SubscriptionOps
    known: dict[str, Contact | None] = field(default_factory=dict)  # None: the account is gone
    operations: list[tuple[str, str, Operation]] = field(default_factory=list)

    @property
    def stopped(self) -> list[str]:
        return [account_id for action, account_id, _ in self.operations if action == "suspend"]

    @property
    def kinds(self) -> list[str]:
        return [email.kind for email in self.subs.mailbox]

    def at(self, now: datetime) -> None:
        """Let the app's clock stand at `now`."""
        from flask_subscription_ops.testing import MovingClock  # when it is used: tests look at what an app loads

        self.subs.runtime.clock = MovingClock(now)

    def script(self, usually: Answer | None = None, **options: Any) -> ScriptedTransport:
        """Let the app send through a scripted transport from now on."""
        from flask_subscription_ops.testing import ScriptedTransport

        transport = ScriptedTransport(**options if usually is None else {"usually": usually, **options})
        self.subs.runtime.transport = transport
        return transport

    def trial(self, account_id: str = "1", *, days: int = 14, begun: datetime = NOON, **options: Any) -> Subscription:
        """Start a committed trial at `begun`."""
        self.at(begun)
        subscription = self.subs.start_trial(account_id, "pro", days=days, **options)
        self.db.session.commit()
        return subscription

    def check(self, as_of: datetime, **options: Any) -> Any:
        return self.subs.run_job("trial-check", as_of=as_of, **options)

    def deliver(self, as_of: datetime, **options: Any) -> Any:
        return self.subs.run_job("deliver", as_of=as_of, **options)

    def effects(self) -> dict[str, str]:
        """Return every effect's state by its key, in the order they were queued."""
        self.db.session.rollback()
        rows = self.db.session.query(OutboxMessage).order_by(OutboxMessage.id)
        return {message.effect_key: message.state for message in rows}

    def audit(self) -> list[tuple[str | None, str, str]]:
        self.db.session.rollback()
        rows = self.db.session.query(AuditEntry).order_by(AuditEntry.id)
        return [(entry.from_status, entry.to_status, entry.cause) for entry in rows]

    def reload(self, subscription: Subscription) -> Subscription:
        self.db.session.rollback()
        self.db.session.refresh(subscription)
        return subscription


def make_host(url: str, *, db: SQLAlchemy | None = None, without: Collection[str] = (), **config: Any) -> Host:
    """Return a host on the database, without the hooks named; keys given win over the usual ones."""
    db, subs = db or SQLAlchemy(), SubscriptionOps()
    app = Flask("host")
    app.config.update({**CONFIG, "SQLALCHEMY_DATABASE_URI": url, **config})
    host = Host(app, db, subs)
    register_hooks(host, without)
    db.init_app(app)
    subs.init_app(app)
    return host


def register_hooks(host: Host, without: Collection[str] = ()) -> None:
    def contacts(account_ids: Sequence[str]) -> Mapping[str, Contact]:
        found = {key: host.known.get(key, Contact(f"owner-{key}@customer.example")) for key in account_ids}
        return {key: contact for key, contact in found.items() if contact is not None}

    def suspend(account_id: str, operation: Operation) -> None:
        host.operations.append(("suspend", account_id, operation))

    def resume(account_id: str, operation: Operation) -> None:
        host.operations.append(("resume", account_id, operation))

    for name, hook in {"contacts": contacts, "suspend_workspaces": suspend, "resume_workspaces": resume}.items():
        if name not in without:
            getattr(host.subs, name)(hook)


OUR_TABLES = MetaData()  # of all hosts with no tables of their own: it is filled once


@contextmanager
def running_host(url: str, **config: Any) -> Iterator[Host]:
    """Give a host with its tables, inside its app context."""
    host = make_host(url, **config if "SUBS_BIND_KEY" in config else {"db": SQLAlchemy(metadata=OUR_TABLES), **config})
    with host.app.app_context():
        host.db.create_all()
        try:
            yield host
        finally:
            host.db.session.remove()
            for engine in host.db.engines.values():
                engine.dispose()


def create_tables(url: str) -> None:
    with running_host(url):
        pass


def days(number: float) -> timedelta:
    return timedelta(days=number)
