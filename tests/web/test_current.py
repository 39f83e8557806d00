"""The template global `subscription`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import render_template_string
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
