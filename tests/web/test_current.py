"""The template global `subscription`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, render_template_string
from sqlalchemy import event

from ..hosts import Host
from .test_access import NO_KEYS

SHOWN = "{{ subscription.plan if subscription else 'none' }}"


class Page:
    """A request of an account, in which a page is rendered."""

    def __init__(self, host: Host) -> None:
        self.host, self.account_id = host, "7"
        self.statements: list[str] = []
        host.subs.current_account(lambda: self.account_id)
        event.listen(host.db.engine, "before_cursor_execute", lambda *call: self.statements.append(call[2]))

    def shows(self) -> str:
        return render_template_string(SHOWN)

    def begin_trial(self) -> None:
        self.host.subs.start_trial(self.account_id, "pro")


@pytest.fixture
def page(host: Host) -> Iterator[Page]:
    with host.app.test_request_context():
        yield Page(host)


def test_a_trial_that_begins_in_the_request_is_shown(page: Page) -> None:
    before = page.shows()
    page.begin_trial()
    begun = page.shows()
    page.host.db.session.commit()

    assert (before, begun, page.shows()) == ("none", "pro", "pro")


def test_a_trial_that_was_rolled_back_is_not_shown(page: Page) -> None:
    page.begin_trial()
    begun = page.shows()
    page.host.db.session.rollback()

    assert (begun, page.shows()) == ("pro", "none")


def test_a_trial_that_begins_in_a_savepoint_is_shown_after_it(page: Page) -> None:
    before = page.shows()
    with page.host.db.session.begin_nested():
        page.begin_trial()

    assert (before, page.shows()) == ("none", "pro")


def test_a_trial_of_a_savepoint_that_was_rolled_back_is_not_shown(page: Page) -> None:
    savepoint = page.host.db.session.begin_nested()
    page.begin_trial()
    within = page.shows()
    savepoint.rollback()

    assert (within, page.shows()) == ("pro", "none")


def test_another_account_of_the_same_request_sees_its_own(page: Page) -> None:
    page.begin_trial()
    shown = page.shows()
    page.account_id = "8"

    assert (shown, page.shows()) == ("pro", "none")


@pytest.mark.parametrize("has_trial", [True, False])
def test_an_unchanged_subscription_costs_a_request_one_statement(page: Page, has_trial: bool) -> None:
    if has_trial:
        page.begin_trial()
        page.host.db.session.commit()
    page.statements.clear()

    shown = {page.shows() for _ in range(5)}

    assert len(shown) == 1
    assert len(page.statements) == 1


def test_a_page_without_it_costs_no_statement(page: Page) -> None:
    render_template_string("nothing")

    assert page.statements == []


def test_nobody_has_none_and_costs_no_statement(page: Page) -> None:
    page.account_id = None  # type: ignore[assignment]

    assert page.shows() == "none"
    assert page.statements == []


@pytest.mark.parametrize("account", NO_KEYS)
def test_a_key_that_no_account_can_have_has_none(page: Page, account: str) -> None:
    page.account_id = account

    assert page.shows() == "none"


def findings(app: Flask) -> list[str]:
    examined: Any = app.test_cli_runner().invoke(args=["subs", "doctor"])
    return [line for line in examined.output.splitlines() if "'subscription'" in line]


def test_a_global_of_that_name_that_the_host_has_is_a_finding(sqlite_host: Host) -> None:
    before = findings(sqlite_host.app)
    sqlite_host.app.jinja_env.globals["subscription"] = "of a newspaper"

    assert before == []
    assert findings(sqlite_host.app) == [
        "templates: templates know another global 'subscription', which the app has set: ours is not there; rename it,"
        " or leave it and look the subscription up with subs.get(account_id)"
    ]


def test_a_global_that_the_host_had_before_stays() -> None:
    from flask_sqlalchemy import SQLAlchemy

    from flask_subscription_ops import SubscriptionOps

    app = Flask("host")
    app.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", MAIL_DEFAULT_SENDER="billing@host.example")
    app.jinja_env.globals["subscription"] = "of a newspaper"
    db = SQLAlchemy(app)
    SubscriptionOps(app, db)

    assert app.jinja_env.globals["subscription"] == "of a newspaper"
