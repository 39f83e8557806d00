"""A Flask app, settings and emails to try transports with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask_mail import Mail

from flask_subscription_ops.mail.base import Email

from .fake_mailjet import FakeMailjet
from .fake_smtp import FakeSmtp

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=timezone.utc)


@pytest.fixture
def app() -> Flask:
    app = Flask("acme")
    app.config.update(MAIL_DEFAULT_SENDER=("Acme", "billing@acme.test"), MAIL_SERVER="127.0.0.1")
    Mail(app)
    return app


@pytest.fixture
def make_settings(tmp_path: Any) -> Callable[..., Any]:
    def make(**changes: Any) -> Any:
        settings = {
            "mail": ("memory",),
            "mail_dir": str(tmp_path / "mail"),
            "mail_timeout": 5.0,
            "mail_connections": 1,
            "mail_sender": None,
            "mail_context": {},
            "plans": {},
            "timezone": "UTC",
            "mailjet_api_key": "key",
            "mailjet_api_secret": "secret",
            "mailjet_api_base": None,
            "admin_emails": (),
        }
        return SimpleNamespace(**{**settings, **changes})

    return make


@pytest.fixture
def make_email() -> Callable[..., Email]:
    def make(number: int = 1, **changes: Any) -> Email:
        key = f"trial-reminder:sub-{number}:2026-12-01:7"
        fields: dict[str, Any] = {
            "key": key,
            "kind": "trial_reminder",
            "sender": '"Acme" <billing@acme.test>',
            "recipient": f"user{number}@example.com",
            "recipient_name": f"User {number}",
            "subject": "Your trial ends in 7 days",
            "text": "Hello.\n\n.A line that begins with a dot.\n",
            "html": "<p>Hello.</p>\n",
            "message_id": f"<{number}@acme.test>",
            "date": NOW,
            "headers": {"X-Subs-Effect": key, "Auto-Submitted": "auto-generated"},
        }
        return Email(**{**fields, **changes})

    return make


@pytest.fixture
def smtp_server() -> Iterator[FakeSmtp]:
    with FakeSmtp() as server:
        yield server


@pytest.fixture
def mailjet_server() -> Iterator[FakeMailjet]:
    with FakeMailjet() as server:
        yield server


@pytest.fixture
def smtp_app(app: Flask, smtp_server: FakeSmtp) -> Flask:
    """The app, with Flask-Mail pointed at the fake server."""
    app.config.update(MAIL_PORT=smtp_server.port)
    Mail(app)
    return app
