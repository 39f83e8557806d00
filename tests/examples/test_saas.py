"""The saas example from sign-up to a stopped workspace, and back."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from flask import Flask
from saas.extensions import db, subs
from saas.models import Company, User, Workspace
from sqlalchemy import func, select

from flask_subscription_ops import current_subs

from .conftest import SIGN_UP, Browser


def in_days(days: int) -> datetime:
    return datetime.now(timezone.utc) + timedelta(days=days, hours=1)


def states() -> list[str]:
    return list(db.session.scalars(select(Workspace.status).order_by(Workspace.id)))


def test_signing_up_starts_a_trial_and_shows_its_days(customer: Browser) -> None:
    page = customer.get("/")

    assert page.status_code == 200
    assert "14 days left in your trial" in page.text
    assert "running" in page.text


def test_a_refused_sign_up_leaves_nothing_behind(customer: Browser) -> None:
    page = customer.post("/sign-up", **{**SIGN_UP, "company": "Second"})

    assert page.status_code == 422
    assert "has an account already" in page.text
    assert db.session.scalar(select(func.count()).select_from(Company)) == 1


def test_the_email_of_the_new_trial_goes_to_the_admin(customer: Browser) -> None:
    subs.run_job("deliver")

    assert [(email.kind, email.recipient) for email in current_subs.mailbox] == [
        ("trial_started", "owner@amber-harbor.example.com")
    ]


def test_an_ended_trial_stops_the_workspaces_and_leads_to_billing(customer: Browser) -> None:
    report = subs.run_job("trial-check", as_of=in_days(14))

    page = customer.client.get("/", follow_redirects=True)
    assert report.to_dict()["outcome"] == "ok"
    assert states() == ["stopped"]
    assert page.request.path == "/billing/"
    assert "Your workspaces are stopped" in page.text


def test_who_subscribes_during_the_trial_keeps_everything(customer: Browser) -> None:
    page = customer.post("/billing/subscribe", plan="pro")

    subs.run_job("trial-check", as_of=in_days(14))

    assert "Your subscription is active" in page.text
    assert customer.get("/").status_code == 200
    assert states() == ["running"]


def test_who_subscribes_after_the_trial_gets_the_workspaces_back(customer: Browser) -> None:
    subs.run_job("trial-check", as_of=in_days(14))

    customer.post("/billing/subscribe", plan="starter")
    subs.run_job("deliver", as_of=in_days(14))

    assert customer.get("/").status_code == 200
    assert states() == ["running"]


def test_a_workspace_its_owner_stopped_stays_stopped(customer: Browser) -> None:
    db.session.add(Workspace(company_id=1, name="Archive", status="stopped"))
    db.session.commit()

    subs.run_job("trial-check", as_of=in_days(14))
    customer.post("/billing/subscribe", plan="starter")
    subs.run_job("deliver", as_of=in_days(14))

    assert states() == ["running", "stopped"]


def test_a_trial_that_is_canceled_and_resumed_goes_on(customer: Browser) -> None:
    canceled = customer.post("/billing/cancel", reason="too blue")
    resumed = customer.post("/billing/resume")

    assert "canceled at the end" in canceled.text
    assert "Cancel at the end" in resumed.text


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


def test_staff_extends_a_trial_and_books_a_transfer(app: Flask, customer: Browser) -> None:
    granted = app.test_cli_runner().invoke(args=["staff", "grant", SIGN_UP["email"]])

    extended = customer.post("/staff/companies/1/extend-trial", days="7")
    booked = customer.post("/staff/companies/1/record-payment", reference="transfer-4711")

    assert granted.exit_code == 0
    assert "The trial is 7 days longer" in extended.text
    assert "The payment transfer-4711 is booked" in booked.text
    assert subs.get("1").status == "active"


def test_only_an_admin_changes_the_subscription(customer: Browser) -> None:
    db.session.get(User, 1).role = "member"
    db.session.commit()

    assert customer.post("/billing/cancel").status_code == 403
    assert "Ask an admin" in customer.get("/billing/").text
