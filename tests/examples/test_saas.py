"""The saas example from sign-up to a stopped workspace, and back."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask, has_app_context
from saas.extensions import db, subs
from saas.models import Company, User, Workspace
from sqlalchemy import func, select

from .conftest import SIGN_UP, Browser

AFTER_THE_TRIAL = datetime.now(timezone.utc) + timedelta(days=14, hours=1)


class World:
    """What stands behind the pages: the tables and the jobs."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def run(self, job: str, as_of: datetime | None = None) -> str:
        with self._app.app_context():
            return str(subs.run_job(job, as_of=as_of).to_dict()["outcome"])

    def workspaces(self) -> list[str]:
        with self._app.app_context():
            return list(db.session.scalars(select(Workspace.status).order_by(Workspace.id)))

    def companies(self) -> int:
        with self._app.app_context():
            return db.session.scalars(select(func.count()).select_from(Company)).one()

    def status(self) -> str:
        with self._app.app_context():
            subscription = subs.get("1")
            return subscription.status if subscription else "none"

    def emails(self) -> list[tuple[str, str]]:
        with self._app.app_context():
            return [(email.kind, email.recipient) for email in subs.mailbox]

    def change(self, thing: type, **values: Any) -> None:
        with self._app.app_context():
            db.session.execute(db.update(thing).values(**values))
            db.session.commit()


@pytest.fixture
def world(app: Flask) -> World:
    return World(app)


def test_no_context_of_a_plugin_is_around_a_test(app: Flask) -> None:
    assert not has_app_context()


def test_signing_up_starts_a_trial_and_shows_its_days(customer: Browser) -> None:
    page = customer.get("/")

    assert page.status_code == 200
    assert "14 days left in your trial" in page.text
    assert "Running" in page.text


def test_a_refused_sign_up_leaves_nothing_behind(customer: Browser, world: World) -> None:
    page = customer.post("/sign-up", **{**SIGN_UP, "company": "Second"})

    assert page.status_code == 422
    assert "has an account already" in page.text
    assert world.companies() == 1


def test_the_email_of_the_new_trial_goes_to_the_admin(customer: Browser, world: World) -> None:
    world.run("deliver")

    assert world.emails() == [("trial_started", "owner@amber-harbor.example.com")]


def test_an_ended_trial_stops_the_workspaces_and_leads_to_billing(customer: Browser, world: World) -> None:
    outcome = world.run("trial-check", as_of=AFTER_THE_TRIAL)

    page = customer.client.get("/", follow_redirects=True)
    assert outcome == "ok"
    assert world.workspaces() == ["stopped"]
    assert page.request.path == "/billing/"
    assert "Your workspaces are stopped" in page.text


def test_who_subscribes_during_the_trial_keeps_everything(customer: Browser, world: World) -> None:
    page = customer.post("/billing/subscribe", plan="pro")

    world.run("trial-check", as_of=AFTER_THE_TRIAL)

    assert "Your subscription is active" in page.text
    assert customer.get("/").status_code == 200
    assert world.workspaces() == ["running"]


def test_who_subscribes_after_the_trial_gets_the_workspaces_back(customer: Browser, world: World) -> None:
    world.run("trial-check", as_of=AFTER_THE_TRIAL)

    customer.post("/billing/subscribe", plan="starter")
    world.run("deliver")

    assert customer.get("/").status_code == 200
    assert world.workspaces() == ["running"]


def test_a_workspace_its_owner_stopped_stays_stopped(customer: Browser, world: World) -> None:
    world.change(Workspace, status="stopped")

    world.run("trial-check", as_of=AFTER_THE_TRIAL)
    customer.post("/billing/subscribe", plan="starter")
    world.run("deliver")

    assert world.workspaces() == ["stopped"]


def test_a_trial_that_is_canceled_and_resumed_goes_on(customer: Browser) -> None:
    canceled = customer.post("/billing/cancel", reason="too blue")
    resumed = customer.post("/billing/resume")

    assert "On trial, then canceled" in canceled.text
    assert "Cancel the subscription" in resumed.text


def test_a_wish_that_comes_too_late_is_answered_on_the_billing_page(customer: Browser) -> None:
    customer.post("/billing/subscribe", plan="pro")

    page = customer.post("/billing/subscribe", plan="pro")

    assert page.status_code == 200
    assert "not possible any more" in page.text


def test_a_form_without_the_token_is_refused(customer: Browser) -> None:
    assert customer.client.post("/billing/cancel").status_code == 400


def test_a_stranger_is_asked_to_log_in(browser: Browser) -> None:
    assert browser.get("/").location == "/log-in"
    assert browser.get("/billing/").location == "/log-in"


def test_logging_in_needs_the_password(customer: Browser) -> None:
    customer.post("/log-out")

    wrong = customer.post("/log-in", email=SIGN_UP["email"], password="wrong")
    right = customer.post("/log-in", email=SIGN_UP["email"], password=SIGN_UP["password"])

    assert wrong.status_code == 422
    assert "days left" in right.text


def test_a_customer_is_not_staff(customer: Browser) -> None:
    assert customer.get("/staff/").status_code == 403


def test_staff_finds_a_company_by_its_name(app: Flask, customer: Browser) -> None:
    app.test_cli_runner().invoke(args=["staff", "grant", SIGN_UP["email"]])

    assert "Amber Harbor Foods" in customer.get("/staff/?q=harbor").text
    assert "Amber Harbor Foods" not in customer.get("/staff/?q=100%").text


def test_staff_extends_a_trial_and_subscribes_by_hand(app: Flask, customer: Browser, world: World) -> None:
    granted = app.test_cli_runner().invoke(args=["staff", "grant", SIGN_UP["email"]])

    extended = customer.post("/staff/companies/1/extend-trial", days="7")
    subscribed = customer.post("/staff/companies/1/subscribe", plan="starter")

    assert granted.exit_code == 0
    assert "The trial is 7 days longer" in extended.text
    assert "The company is on Starter now" in subscribed.text
    assert world.status() == "active"


def test_only_an_admin_changes_the_subscription(customer: Browser, world: World) -> None:
    world.change(User, role="member")

    assert customer.post("/billing/cancel").status_code == 403
    assert "Ask an admin" in customer.get("/billing/").text


def test_the_doctor_minds_nothing_but_the_time_travel_of_tests(app: Flask) -> None:
    examined = app.test_cli_runner().invoke(args=["subs", "doctor"])

    findings = [line for line in examined.output.splitlines() if "SUBS_ALLOW_TIME_TRAVEL" not in line]
    assert findings == ["1 finding"]
