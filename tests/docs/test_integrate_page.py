"""A reader who follows docs/how-to/integrate.md in an app of their own arrives where it says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import pytest

from .pages import blocks, read
from .test_start import environment

pytestmark = pytest.mark.slow

PAGE = "how-to/integrate.md"
MODELS = """
from .extensions import db


class Company(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(120), nullable=False)
    locale = db.Column(db.String(16), nullable=False, default="en")
    timezone = db.Column(db.String(64), nullable=False, default="UTC")
    users = db.relationship("User", back_populates="company")
    workspaces = db.relationship("Workspace")


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    company_id = db.Column(db.ForeignKey("company.id"), nullable=False)
    name = db.Column(db.String(120), nullable=False)
    email = db.Column(db.String(254), nullable=False)
    role = db.Column(db.String(16), nullable=False)
    company = db.relationship("Company", back_populates="users")


class Workspace(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    company_id = db.Column(db.ForeignKey("company.id"), nullable=False)
    name = db.Column(db.String(120), nullable=False)
    status = db.Column(db.String(16), nullable=False, default="running")
    operation_id = db.Column(db.String(255), nullable=False, default="")
"""
VIEWS = """
from types import SimpleNamespace

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_subscription_ops.models import Subscription

from .extensions import db, subs
from .models import Company

pages = Blueprint("dashboard", __name__)
billing = Blueprint("billing", __name__)


@pages.before_request
def load_user():
    company_id = request.args.get("company")
    g.user = SimpleNamespace(company_id=company_id) if company_id else None


@pages.post("/again")
def again():
    subs.subscribe(request.args["company"], "pro")
    db.session.commit()
    subs.subscribe(request.args["company"], "pro")


@billing.get("/billing")
def show():
    return "billing"


"""
PAST = """
from saas import create_app
from saas.extensions import db

with create_app().app_context():
    for name in ("company", "user", "workspace"):
        db.metadata.tables[name].create(db.engine)
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE company ADD COLUMN fax VARCHAR(20)")
"""
IN_A_BROWSER = """
import pytest
from saas.views import billing, pages, register, with_access
from test_time import app, create_app, datetime, db, subs, timedelta, timezone

JSON = {"Accept": "application/json"}
LATER = datetime.now(timezone.utc) + timedelta(days=15)


@pytest.fixture
def client(app):
    register(app)
    app.register_blueprint(billing)
    app.register_blueprint(pages)
    return app.test_client()


def test_a_guarded_page_is_for_those_with_access(client):
    signed_up = client.post("/sign-up", data={"company": "Amber Harbor Foods"})
    seen = client.get("/?company=1")
    counted = len(db.session.scalars(with_access()).all())
    subs.run_job("trial-check", as_of=LATER)
    ended = client.get("/?company=1")

    assert (signed_up.status_code, signed_up.location) == (302, "/")
    assert (seen.status_code, seen.text.strip()) == (200, "<p>14 days left in your trial.</p>")
    assert counted == 1
    assert client.get("/").status_code == 401
    assert client.get("/", headers=JSON).json == {"error": "unauthorized", "message": "Nobody is logged in."}
    assert (ended.status_code, ended.text) == (402, "please pay")
    assert client.get("/?company=1", headers=JSON).text == "please pay"


def test_a_second_click_leads_to_the_billing_page_and_sales_hear_of_the_first(client, caplog):
    caplog.set_level("INFO")

    answer = client.post("/again?company=1")

    assert (answer.status_code, answer.location) == (302, "/billing")
    assert "account 1 has subscribed" in caplog.text
    assert "refused: " in caplog.text
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay out the snippets of the page as the package of a reader who has models and views already.

    Their database has a past: a column that the models do not know any more.
    """
    folder = tmp_path_factory.mktemp("project")
    (folder / "saas" / "templates").mkdir(parents=True)
    for name, text in files().items():
        (folder / name).write_text(text, "utf-8")
    run(folder, "past")
    return folder


def files() -> dict[str, str]:
    extensions, factory, config, hooks, sign_up, refuse, account, guard, payment, twin, signal, test = blocks(
        read(PAGE), "python"
    )
    (banner,) = blocks(read(PAGE), "jinja")
    late = f"def register(app):\n{indent(payment, '    ')}\n\ndef with_access():\n    return {twin}\n\n"
    return {
        "config.py": f'{config}\nSECRET_KEY = "tests"\nSUBS_MAIL, SUBS_MAIL_DIR = "file", "mail"\n'
        'SQLALCHEMY_DATABASE_URI = "sqlite:///saas.db"\n',
        "saas/__init__.py": factory,
        "saas/extensions.py": extensions,
        "saas/models.py": MODELS,
        "saas/subscription_hooks.py": f"from flask import g\n{hooks}\n\n{account}",
        "saas/views.py": "\n\n".join([VIEWS, sign_up, refuse, guard, late, signal]),
        "saas/templates/dashboard.html": banner,
        "saas/templates/payment_required.html": "please pay",
        "past.py": PAST,
        "test_time.py": test,
        "test_browser.py": IN_A_BROWSER,
    }


def run(project: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(
        command, cwd=project, env=environment(), capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def flask_commands() -> Iterator[list[str]]:
    """Yield what the page lets its reader type, without the installation."""
    for block in blocks(read(PAGE), "console"):
        for line in re.findall(r"^\$ flask (.*)$", block, re.MULTILINE):
            yield line.replace('-m "Add subscriptions"', "-m subscriptions").split()


def test_the_commands_of_the_page_do_what_they_say(project: Path) -> None:
    run(project, "flask", "--app", "saas", "db", "init")

    said = {" ".join(command): run(project, "flask", "--app", "saas", *command) for command in flask_commands()}

    assert said["subs doctor"] == "nothing to mend\n"
    assert "outcome=ok" in said["subs trial-check"]
    assert "No new upgrade operations" in run(project, "flask", "--app", "saas", "db", "check")
    assert lines_about_others(project) == ["with op.batch_alter_table('company', schema=None) as batch_op:"]


def lines_about_others(project: Path) -> list[str]:
    """Return where the migration begins to change a table that is none of ours."""
    (migration,) = (project / "migrations/versions").glob("*.py")
    upgrade = migration.read_text("utf-8").split("def upgrade():")[1].split("def downgrade():")[0]
    changes = re.findall(r"^    ((?:with )?op\..*)$", upgrade, re.MULTILINE)
    return [line for line in changes if "'subs_" not in line]


def test_emails_call_the_app_by_its_name_and_lead_to_its_billing_page(project: Path) -> None:
    email = run(project, "flask", "--app", "saas", "subs", "mail", "preview", "trial_reminder")

    assert "Subject: Your Saas trial ends" in email
    assert "https://saas.example.com/billing/" in email


def test_the_test_of_the_page_passes(project: Path) -> None:
    assert "1 passed" in run(project, "pytest", "-q", "-p", "no:flask", "test_time.py")


def test_the_views_of_the_page_answer_as_its_tables_say(project: Path) -> None:
    assert "2 passed" in run(project, "pytest", "-q", "-p", "no:flask", "test_browser.py")
