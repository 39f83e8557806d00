"""The host that is killed: real emails, and a workspace hook that writes down each call before it returns."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask_mail import Mail
from flask_sqlalchemy import SQLAlchemy

from flask_subscription_ops import Contact, Operation, SubscriptionOps

from ..hosts import CONFIG

LEASE_SECONDS = 3.0
TIMEOUT = 1.4
AT_MOST_ONCE = ("canceled", "subscribed")


@dataclass(frozen=True)
class Site:
    """Where everything is that outlives a killed worker."""

    url: str
    folder: str
    mail: str
    mail_port: int

    @property
    def calls(self) -> Path:
        return Path(self.folder, "calls.jsonl")

    @property
    def emails(self) -> Path:
        return Path(self.folder, "emails.jsonl")

    @property
    def troubles(self) -> Path:
        return Path(self.folder, "troubles.jsonl")

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def make_shop(site: Site) -> tuple[Flask, SQLAlchemy, SubscriptionOps]:
    """Return the app, its database and its subscriptions."""
    app, db, subs = Flask("shop"), SQLAlchemy(), SubscriptionOps()
    app.config.update({**CONFIG, **_config(site)})

    @subs.contacts
    def contacts(account_ids: Sequence[str]) -> Mapping[str, Contact]:
        return {key: _contact(key) for key in account_ids if not key.startswith("gone")}

    @subs.suspend_workspaces
    def suspend(account_id: str, operation: Operation) -> None:
        note(site.calls, action="stop", account=account_id, operation=operation.id)

    @subs.resume_workspaces
    def resume(account_id: str, operation: Operation) -> None:
        note(site.calls, action="start", account=account_id, operation=operation.id)

    db.init_app(app)
    Mail().init_app(app)
    subs.init_app(app)
    return app, db, subs


def note(path: Path, **facts: Any) -> None:
    """Append one line that is on the disk when this returns."""
    line = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(line, json.dumps(facts).encode() + b"\n")
        os.fsync(line)
    finally:
        os.close(line)


def read_notes(path: Path) -> list[dict[str, Any]]:
    """Return what was appended, in order."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def may_be_held(effect_key: str) -> bool:
    """Tell whether an effect is one of an email that goes at most once."""
    return effect_key.partition(":")[0] in AT_MOST_ONCE


def _contact(account_id: str) -> Contact:
    if account_id.startswith("nobody"):
        return Contact("")
    return Contact(f"owner-{account_id}@customer.example", name=f"Owner {account_id}")


def _config(site: Site) -> dict[str, Any]:
    return {
        "SQLALCHEMY_DATABASE_URI": site.url,
        "SQLALCHEMY_ENGINE_OPTIONS": {"connect_args": {"timeout": 30}} if site.url.startswith("sqlite") else {},
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": site.mail_port,
        "SUBS_MAIL": site.mail,
        "SUBS_MAILJET_API_KEY": "0123456789abcdef",
        "SUBS_MAILJET_API_SECRET": "fedcba9876543210",
        "SUBS_MAILJET_API_BASE": f"http://127.0.0.1:{site.mail_port}/",
        "SUBS_EMAILS_AT_MOST_ONCE": AT_MOST_ONCE,
        "SUBS_SEND_HOUR": 0,
        "SUBS_BRAKE_MIN": 10**6,
        "SUBS_BRAKE_SHARE": 1,
        "SUBS_LEASE_SECONDS": LEASE_SECONDS,
        "SUBS_MAIL_TIMEOUT": TIMEOUT,
        "SUBS_HOOK_TIMEOUT": TIMEOUT,
        "SUBS_PROVIDER_TIMEOUT": TIMEOUT,
        "SUBS_ALLOW_TIME_TRAVEL": False,
    }
