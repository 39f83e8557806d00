"""The host app that is measured: `flask --app bench.host` finds it, with its database in BENCH_URL."""

from __future__ import annotations

import atexit
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_subscription_ops import Contact, Operation, SubscriptionOps

CONFIG: Mapping[str, Any] = {
    "SUBS_PLANS": {"pro": {"price": 4900, "currency": "EUR", "interval": "month", "trial_days": 14}},
    "SUBS_DEPLOYMENT": "bench",
    "SUBS_MAIL": "memory",
    "SUBS_BRAKE_MIN": 10**9,
    "SUBS_ALLOW_TIME_TRAVEL": True,
}


def create_app(url: str | None = None, **config: Any) -> Flask:
    """Return the host."""
    app, db = Flask("bench"), SQLAlchemy()
    app.config.update(
        SECRET_KEY="bench",
        SQLALCHEMY_DATABASE_URI=url or os.environ["BENCH_URL"],
        MAIL_DEFAULT_SENDER="billing@host.example",
        **{**CONFIG, **config},
    )
    db.init_app(app)
    app.cli.command("noop")(lambda: None)
    if "BENCH_PEAK" in os.environ:
        atexit.register(_tell_peak, Path(os.environ["BENCH_PEAK"]))
    _add_subscriptions(app)
    return app


@contextmanager
def running(url: str, **config: Any) -> Iterator[SubscriptionOps]:
    """Give the subscriptions of a host, inside its app context."""
    app = create_app(url, **config)
    with app.app_context():
        try:
            yield app.extensions["subscription_ops"]
        finally:
            for engine in app.extensions["sqlalchemy"].engines.values():
                engine.dispose()


def _tell_peak(path: Path) -> None:
    # Not getrusage: a child's figure there begins with its parent's.
    path.write_text(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0])


def _add_subscriptions(app: Flask) -> None:
    subs = SubscriptionOps()

    @subs.contacts
    def contacts(account_ids: Sequence[str]) -> Mapping[str, Contact]:
        return {key: Contact(f"owner-{key}@customer.example", name=f"Owner {key}") for key in account_ids}

    @subs.suspend_workspaces
    def suspend(account_id: str, operation: Operation) -> None:
        """Nothing runs here."""

    @subs.resume_workspaces
    def resume(account_id: str, operation: Operation) -> None:
        """Nothing runs here."""

    subs.init_app(app)
