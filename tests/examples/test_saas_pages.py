"""What the pages of the saas example say to people."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, g
from saas import formats
from saas.extensions import db, subs
from saas.models import Company, User
from sqlalchemy import event

from flask_subscription_ops.domain.states import Status
from flask_subscription_ops.models import Subscription

from .conftest import SIGN_UP, Browser
from .test_saas import AFTER_THE_TRIAL, World, world

__all__ = ["world"]  # the fixture


@pytest.fixture
def staff(app: Flask, customer: Browser) -> Browser:
    """Return the browser of a customer who works here too."""
    app.test_cli_runner().invoke(args=["staff", "grant", SIGN_UP["email"]])
    return customer


def seen(html: str) -> str:
    """Return a page's text as a reader sees it."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def cards(html: str) -> dict[str, str]:
    """Return the text of each plan's card, by what its button sends."""
    found = re.findall(r'<form [^>]*class="plan card[^"]*">(.*?)</form>', html, flags=re.DOTALL)
    return {re.findall(r'name="plan" value="(\w+)"', card)[0]: seen(card) for card in found}


def test_each_plan_has_a_card_with_its_price_and_a_button_and_the_one_on_trial_is_marked(customer: Browser) -> None:
    offered = cards(customer.get("/billing/").text)

    assert offered == {
        "starter": "Starter €19.00 a month For up to 5 people Subscribe to Starter",
        "pro": "Pro €49.00 a month For up to 50 people On trial now Subscribe to Pro",
    }


def test_a_trial_is_told_in_words(customer: Browser) -> None:
    page = seen(customer.get("/billing/").text)

    assert "Plan Pro, €49.00 a month State On trial, 14 days left Trial ends" in page


def test_an_ended_trial_says_when_it_ended(customer: Browser, world: World) -> None:
    world.run("trial-check", as_of=AFTER_THE_TRIAL)

    local = AFTER_THE_TRIAL.astimezone(ZoneInfo(SIGN_UP["timezone"]))
    assert f"Ended on {local:%B} {local.day}, {local.year}" in seen(customer.get("/billing/").text)


def test_whoever_cancels_is_told_until_when_access_lasts(customer: Browser) -> None:
    before = seen(customer.get("/billing/").text)
    after = seen(customer.post("/billing/cancel").text)

    told = re.search(r"You keep access until (\w+ \d+, \d+)", before)
    assert told is not None
    assert f"Canceled. You keep access until {told[1]}." in after


def test_the_banner_of_a_canceled_trial_offers_to_keep_it(customer: Browser) -> None:
    customer.post("/billing/cancel")

    page = customer.get("/").text
    assert "Then your subscription is canceled" in page
    assert "Choose a plan" not in page


def test_days_and_money_are_written_as_in_the_language_of_the_company(customer: Browser, world: World) -> None:
    world.change(Company, locale="ru")

    page = seen(customer.get("/billing/").text)
    assert "49,00 €" in page
    assert re.search(r"Trial ends \d+ [а-я]+ \d{4}", page)


@pytest.mark.parametrize("path", ["/staff/", "/staff/companies/1", "/log-in", "/sign-up", "/nowhere"])
def test_a_page_about_something_else_has_no_banner(staff: Browser, path: str) -> None:
    assert 'class="banner' not in staff.get(path).text
    assert 'class="banner' in staff.get("/").text


def test_an_address_without_a_page_is_answered_by_one_of_our_own(browser: Browser) -> None:
    answer = browser.get("/nowhere")

    assert answer.status_code == 404
    assert "There is no page at this address. Go to the start" in seen(answer.text)


def test_a_refused_form_is_told_why_on_a_page_of_our_own(customer: Browser) -> None:
    answer = customer.client.post("/billing/cancel")

    assert (answer.status_code, "This form is out of date" in seen(answer.text)) == (400, True)
    assert "<header>" in answer.text


def test_the_list_of_companies_tells_plan_state_and_end(staff: Browser) -> None:
    page = seen(staff.get("/staff/").text)

    assert re.search(r"Amber Harbor Foods Pro On trial, 14 days left \w+ \d+, \d{4}", page)


def test_the_list_of_companies_tells_the_live_subscription_and_not_a_later_one_that_has_ended(
    app: Flask, staff: Browser
) -> None:
    with app.app_context():
        db.session.add(Subscription(account_id="1", plan="starter", status="expired"))
        db.session.commit()

    assert "Amber Harbor Foods Pro On trial" in seen(staff.get("/staff/").text)


def test_any_number_of_companies_costs_the_list_the_same_statements(app: Flask, staff: Browser) -> None:
    statements: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    staff.get("/staff/")
    of_one = len(statements)
    with app.app_context():
        for number in range(30):
            company = Company(name=f"Company {number}")
            db.session.add(company)
            db.session.flush()
            subs.start_trial(company.account_id, "pro")
        db.session.commit()
    statements.clear()

    staff.get("/staff/")

    assert len(statements) == of_one


def test_a_search_that_finds_nothing_says_so(staff: Browser) -> None:
    assert "No company has “zebra” in its name." in seen(staff.get("/staff/?q=zebra").text)


def test_the_page_of_a_company_tells_its_emails_and_what_has_changed(staff: Browser, world: World) -> None:
    world.run("trial-check", as_of=AFTER_THE_TRIAL)

    page = seen(staff.get("/staff/companies/1").text)
    assert re.search(r"Trial expired Done .* Trial started Superseded", page)
    assert re.search(r"Trial ended Expired trial-check .* Trial started Trialing app", page)


def test_a_company_without_a_subscription_has_a_page(app: Flask, staff: Browser) -> None:
    with app.app_context():
        db.session.add(Company(name="Linen Willow Press"))
        db.session.commit()

    assert "Linen Willow Press No subscription" in seen(staff.get("/staff/").text)
    assert "No subscription. " in seen(staff.get("/staff/companies/2").text)


def test_a_client_that_prefers_json_is_answered_in_json(customer: Browser, world: World) -> None:
    world.run("trial-check", as_of=AFTER_THE_TRIAL)

    answer = customer.client.get("/", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.json) == (
        402,
        {"error": "payment_required", "message": "This needs a subscription."},
    )


def test_an_error_keeps_the_headers_that_belong_to_it(customer: Browser) -> None:
    answer = customer.get("/log-out")

    assert answer.status_code == 405
    assert set(answer.allow) == {"OPTIONS", "POST"}


@pytest.mark.parametrize("status", [status.value for status in Status])
def test_every_status_is_told_in_words(staff: Browser, world: World, status: str) -> None:
    live = None if status in ("expired", "canceled") else True
    ends = dict.fromkeys(("period_end", "grace_ends_at", "ended_at"), AFTER_THE_TRIAL)
    world.change(Subscription, status=status, live=live, **ends)

    for path in ("/billing/", "/staff/", "/staff/companies/1"):
        answer = staff.get(path)
        assert (answer.status_code, f"State {status} " in seen(answer.text)) == (200, False)


@pytest.mark.parametrize(
    ("user", "written"), [(None, "March 2, 2026"), ("team", "March 2, 2026"), ("customer", "2 Mart 2026")]
)
def test_a_day_is_written_for_its_reader(app: Flask, user: str | None, written: str) -> None:
    with app.test_request_context():
        g.user = user and User(company=Company(locale="tr"), is_staff=user == "team")

        assert formats.day(datetime(2026, 3, 1, 23, tzinfo=timezone.utc), "Europe/Istanbul") == written
