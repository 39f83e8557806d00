"""The example host, in this process, on a SQLite file of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

EXAMPLES = Path(__file__).parents[2] / "examples"
sys.path[:0] = [str(EXAMPLES), str(EXAMPLES / "saas")]

SIGN_UP: Mapping[str, str] = {
    "company": "Amber Harbor Foods",
    "name": "Owner",
    "email": "owner@amber-harbor.example.com",
    "password": "correct horse",
    "locale": "en",
    "timezone": "Europe/Berlin",
    "plan": "pro",
}


class Browser:
    """A client that, like a page, sends the session's token with each form."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, **fields: Any) -> TestResponse:
        self.client.get("/log-in")
        with self.client.session_transaction() as session:
            token = session["csrf_token"]
        return self.client.post(path, data={**fields, "csrf_token": token}, follow_redirects=True)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """Return the app with its tables; each request of a test has a context of its own, as on a server."""
    from saas import create_app
    from saas.extensions import db

    monkeypatch.setenv("SAAS_INSTANCE", str(tmp_path))
    app = create_app({"TESTING": True, "SUBS_MAIL": "memory", "SUBS_ALLOW_TIME_TRAVEL": True})
    with app.app_context():
        db.create_all()
        db.engine.dispose()  # a live server inherits no connection
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


@pytest.fixture
def customer(browser: Browser) -> Browser:
    """Return the browser of somebody who has just signed up."""
    assert browser.post("/sign-up", **SIGN_UP).status_code == 200
    return browser
