"""The smallest host does what it promises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from flask import current_app

from flask_subscription_ops import current_subs


@pytest.fixture
def minimal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", f"sqlite:///{tmp_path / 'minimal.db'}")
    monkeypatch.setenv("FLASK_SUBS_MAIL", "memory")
    monkeypatch.setenv("FLASK_SUBS_ALLOW_TIME_TRAVEL", "true")
    minimal = import_module("minimal")
    with minimal.create_app().app_context():
        yield minimal
        minimal.db.session.remove()
        minimal.db.engine.dispose()


def test_an_ended_trial_stops_the_account_and_subscribing_starts_it_again(minimal: ModuleType) -> None:
    db, subs = minimal.db, minimal.subs
    later = datetime.now(timezone.utc) + timedelta(days=15)
    db.session.add(minimal.Account(id="acme", email="owner@acme.example.com"))
    subs.start_trial("acme", "pro")
    db.session.commit()

    subs.run_job("trial-check", as_of=later)
    stopped = not db.session.get(minimal.Account, "acme", populate_existing=True).is_running
    subs.subscribe("acme", "pro")
    db.session.commit()
    subs.run_job("deliver")

    assert stopped
    assert db.session.get(minimal.Account, "acme", populate_existing=True).is_running
    assert [email.kind for email in current_subs.mailbox] == ["trial_expired", "subscribed"]


def test_the_doctor_minds_nothing_but_the_time_travel_of_tests(minimal: ModuleType) -> None:
    examined = current_app.test_cli_runner().invoke(args=["subs", "doctor"])

    findings = [line for line in examined.output.splitlines() if "SUBS_ALLOW_TIME_TRAVEL" not in line]
    assert findings == ["1 finding"]
