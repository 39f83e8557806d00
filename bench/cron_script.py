"""A cron script's way: `.all()`, lazy users and workspaces, a commit for each subscription.

Written as such scripts usually are, for measurement only. Its foreign keys are indexed, which it does not say.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask_mail import Mail, Message
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, text

db = SQLAlchemy()

WINDOW = timedelta(hours=12)
USERS = (
    "SELECT 2 * id, id, 'admin', 'owner' || id || '@customer.example' FROM subs_subscriptions",
    "SELECT 2 * id + 1, id, 'member', 'member' || id || '@customer.example' FROM subs_subscriptions",
)
WORKSPACE = "SELECT 3 * id + {k}, id, 'running' FROM subs_subscriptions"


class Company(db.Model):  # type: ignore[misc, name-defined]  # Flask-SQLAlchemy makes its base at run time
    __tablename__ = "e_companies"
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80))
    users = db.relationship("User", lazy="dynamic", backref="company")
    workspaces = db.relationship("Workspace", lazy="dynamic", backref="company")


class User(db.Model):  # type: ignore[misc, name-defined]
    __tablename__ = "e_users"
    id = db.Column(db.Integer, primary_key=True)
    company_id = db.Column(db.ForeignKey("e_companies.id"), index=True)
    role = db.Column(db.String(16))
    email = db.Column(db.String(120))


class Workspace(db.Model):  # type: ignore[misc, name-defined]
    __tablename__ = "e_workspaces"
    id = db.Column(db.Integer, primary_key=True)
    company_id = db.Column(db.ForeignKey("e_companies.id"), index=True)
    status = db.Column(db.String(16))


class Subscription(db.Model):  # type: ignore[misc, name-defined]
    __tablename__ = "e_subscriptions"
    id = db.Column(db.Integer, primary_key=True)
    company_id = db.Column(db.ForeignKey("e_companies.id"), index=True)
    status = db.Column(db.String(16), index=True)
    trial_ends_at = db.Column(db.DateTime, index=True)
    company = db.relationship("Company", backref="subscriptions")


def create(connection: Connection, size: int) -> None:
    """Copy our customers into its tables, with two users and three workspaces each."""
    db.metadatas[None].create_all(connection)
    for statement in (
        "INSERT INTO e_companies (id, name) SELECT id, 'Company ' || id FROM subs_subscriptions",
        "INSERT INTO e_subscriptions (id, company_id, status, trial_ends_at) SELECT"
        " id, id, CASE status WHEN 'trialing' THEN 'trial' ELSE status END, trial_ends_at FROM subs_subscriptions",
        *(f"INSERT INTO e_users (id, company_id, role, email) {user}" for user in USERS),
        *("INSERT INTO e_workspaces (id, company_id, status) " + WORKSPACE.format(k=k) for k in range(3)),
    ):
        connection.execute(text(statement))


def make_app(url: str, **config: Any) -> Flask:
    """Return its app."""
    app = Flask("system-e")
    app.config.update(SQLALCHEMY_DATABASE_URI=url, MAIL_DEFAULT_SENDER="billing@host.example", **config)
    db.init_app(app)
    return app


def suspend_expired_trials(now: datetime, sample: int) -> float:
    """Return the seconds it takes for all; it loads all and is cut off after `sample` of them."""
    began = time.perf_counter()
    expired = Subscription.query.filter(Subscription.status == "trial", Subscription.trial_ends_at < now).all()
    loaded = time.perf_counter() - began
    return loaded + _sampled(expired, sample, _suspend)


def send_reminders(now: datetime, sample: int) -> float:
    """Return the seconds that all three windows take, without the sending itself."""
    taken = 0.0
    for days in (7, 3, 1):
        at = now + timedelta(days=days)
        began = time.perf_counter()
        trials = Subscription.query.filter(
            Subscription.status == "trial", Subscription.trial_ends_at.between(at - WINDOW, at + WINDOW)
        ).all()
        taken += time.perf_counter() - began
        taken += _sampled(trials, sample, lambda trial: trial.company.users.filter_by(role="admin").first())
    return taken


def send_email(mail: Mail, recipient: str, subject: str, body: str, html: str) -> None:
    """Send over a connection of its own."""
    mail.send(Message(subject, recipients=[recipient], body=body, html=html))


def _suspend(subscription: Subscription) -> None:
    try:
        subscription.status = "expired"
        for workspace in subscription.company.workspaces.filter_by(status="running").all():
            workspace.status = "stopped"
        db.session.commit()
    except Exception:
        db.session.rollback()


def _sampled(rows: list[Any], sample: int, work: Callable[[Any], Any]) -> float:
    began = time.perf_counter()
    done = 0
    for row in rows[:sample]:
        work(row)
        done += 1
    return (time.perf_counter() - began) * len(rows) / max(done, 1)
