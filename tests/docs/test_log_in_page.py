"""The recipes of docs/how-to/log-in.md, with the libraries that they name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, g, render_template_string
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import close_all_sessions

from flask_subscription_ops import SubscriptionOps

from ..hosts import CONFIG
from .pages import blocks, read

LOGIN_HOOK, LOGIN_VIEW, LOGIN_401, SECURITY_HOOK, SECURITY_VIEW, REGISTERED, PLAIN_HOOK = blocks(
    read("how-to/log-in.md"), "python"
)
SECURITY = {
    "SECURITY_PASSWORD_SALT": "tests",
    "SECURITY_PASSWORD_HASH": "plaintext",
    "SECURITY_PASSWORD_SCHEMES": ["plaintext"],
    "SECURITY_PASSWORD_SINGLE_HASH": ["plaintext"],
    "SECURITY_EMAIL_VALIDATOR_ARGS": {"test_environment": True},
    "SECURITY_REGISTERABLE": True,
    "SECURITY_SEND_REGISTER_EMAIL": False,
    "WTF_CSRF_ENABLED": False,
}
REGISTRATION = {"email": "owner@host.test", "password": "correct horse", "password_confirm": "correct horse"}


class Reader:
    """An app with the names that the page takes for granted."""

    def __init__(self, sqlite_url: str) -> None:
        self.app = Flask("reader")
        self.app.config.update({**CONFIG, **SECURITY, "SQLALCHEMY_DATABASE_URI": sqlite_url})
        self.db, self.subs = SQLAlchemy(self.app), SubscriptionOps()
        self.subs.init_app(self.app)
        self.names: dict[str, Any] = {"app": self.app, "db": self.db, "subs": self.subs, "g": g}
        self.names["render_template"] = lambda name: render_template_string("{{ subscription.plan }}: reports")

    def paste(self, *snippets: str) -> None:
        for snippet in snippets:
            exec(snippet, self.names)

    def begin(self) -> None:
        with self.app.app_context():
            self.db.create_all()

    def trial(self, account_id: str) -> None:
        with self.app.app_context():
            self.subs.start_trial(account_id, "pro")
            self.db.session.commit()


@pytest.fixture
def reader(sqlite_url: str) -> Iterator[Reader]:
    reader = Reader(sqlite_url)
    yield reader
    close_all_sessions()
    with reader.app.app_context():
        reader.db.engine.dispose()


@pytest.fixture
def with_login(reader: Reader) -> FlaskClient:
    """Return the client of a reader with Flask-Login, who logs in by a page."""
    from flask_login import LoginManager, UserMixin, login_user

    class User(UserMixin):
        id, company_id = 3, 7

    login_manager = LoginManager(reader.app)
    login_manager.login_view = "log_in"
    login_manager.user_loader(lambda user_id: User())
    reader.names["login_manager"] = login_manager

    @reader.app.get("/log-in")
    def log_in() -> str:
        return f"welcome: {login_user(User())}"

    reader.begin()
    return reader.app.test_client()


@pytest.mark.parametrize("view", [LOGIN_VIEW, LOGIN_401 + LOGIN_VIEW.replace("@login_required\n", "")])
def test_with_flask_login_a_stranger_logs_in_and_a_company_with_access_sees_the_page(
    reader: Reader, with_login: FlaskClient, view: str
) -> None:
    reader.paste(LOGIN_HOOK, view)
    stranger = with_login.get("/reports")
    with_login.get("/log-in")
    refused = with_login.get("/reports")
    reader.trial("7")

    seen = with_login.get("/reports")

    assert (stranger.status_code, stranger.location) == (302, "/log-in?next=%2Freports")
    assert refused.status_code == 402
    assert (seen.status_code, seen.text) == (200, "pro: reports")


def test_with_flask_login_alone_a_stranger_is_answered_401(reader: Reader, with_login: FlaskClient) -> None:
    reader.paste(LOGIN_HOOK, LOGIN_VIEW.replace("@login_required\n", ""))

    assert with_login.get("/reports").status_code == 401


@pytest.fixture
def with_security(reader: Reader) -> FlaskClient:
    """Return the client of a reader with Flask-Security."""
    from flask_security import RoleMixin, Security, SQLAlchemyUserDatastore, UserMixin

    db = reader.db

    class Company(db.Model):  # type: ignore[name-defined]
        id = db.Column(db.Integer, primary_key=True)
        name = db.Column(db.String(255), nullable=False)

    class Role(db.Model, RoleMixin):  # type: ignore[name-defined]
        id = db.Column(db.Integer, primary_key=True)
        name = db.Column(db.String(80))

    class User(db.Model, UserMixin):  # type: ignore[name-defined]
        id = db.Column(db.Integer, primary_key=True)
        company_id = db.Column(db.ForeignKey("company.id"))
        email = db.Column(db.String(255), nullable=False)
        password = db.Column(db.String(255))
        active = db.Column(db.Boolean, nullable=False)
        fs_uniquifier = db.Column(db.String(64), nullable=False)
        company = db.relationship(Company)
        roles = db.relationship(Role, secondary="roles_of")

    db.Table("roles_of", db.Column("user", db.ForeignKey("user.id")), db.Column("role", db.ForeignKey("role.id")))

    Security(reader.app, SQLAlchemyUserDatastore(db, User, Role))
    reader.names |= {"Company": Company, "User": User}
    reader.begin()
    return reader.app.test_client()


def test_with_flask_security_a_registration_begins_a_trial_that_opens_the_page(
    reader: Reader, with_security: FlaskClient
) -> None:
    reader.paste(SECURITY_HOOK, SECURITY_VIEW, REGISTERED)
    stranger = with_security.get("/reports")

    with_security.post("/register", data=REGISTRATION)

    seen = with_security.get("/reports")
    assert (stranger.status_code, stranger.location) == (302, "/login?next=/reports")
    assert (seen.status_code, seen.text) == (200, "pro: reports")


def test_with_flask_security_a_token_says_who_asks(reader: Reader, with_security: FlaskClient) -> None:
    reader.paste(SECURITY_HOOK, SECURITY_VIEW, REGISTERED)
    answer = with_security.post("/register?include_auth_token", json=REGISTRATION)
    token = answer.json["response"]["user"]["authentication_token"]  # type: ignore[index]

    asked = reader.app.test_client().get("/reports", headers={"Authentication-Token": token})

    assert (asked.status_code, asked.text) == (200, "pro: reports")


def test_the_id_of_flask_security_is_no_key(reader: Reader, with_security: FlaskClient) -> None:
    from flask_security import current_user

    @reader.app.get("/id")
    def tell_id() -> str:
        return str(current_user.get_id())

    with_security.post("/register", data=REGISTRATION)
    before = with_security.get("/id").text

    with reader.app.app_context():
        user = reader.db.session.query(reader.names["User"]).one()
        reader.app.extensions["security"].datastore.set_uniquifier(user)
        reader.db.session.commit()
        after = user.get_id()

    assert len({before, after, "1"}) == 3


def test_a_user_kept_by_the_app_itself_will_do(reader: Reader) -> None:
    reader.begin()
    reader.trial("7")
    reader.app.before_request(lambda: setattr(g, "user", None))
    reader.paste(PLAIN_HOOK)

    @reader.app.get("/who")
    def who() -> str:
        return str(reader.subs.current_account_id())

    assert reader.app.test_client().get("/who").text == "None"
