"""What the saas example answers when the extension asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from saas import subscription_hooks as hooks
from saas.extensions import db
from saas.models import Company, User, Workspace
from sqlalchemy import event, select

from flask_subscription_ops import Contact, Operation


@pytest.fixture
def company(app: Flask) -> Iterator[Company]:
    company = Company(name="Cobalt Quarry Tools", timezone="Asia/Tokyo", locale="tr")
    company.workspaces = [Workspace(name="Main"), Workspace(name="Archive", status="stopped")]
    with app.app_context():
        db.session.add(company)
        db.session.commit()
        yield company


def add_user(company: Company, name: str, role: str) -> None:
    db.session.add(User(company=company, name=name, email=f"{name}@example.com", role=role, password_hash=""))
    db.session.commit()


def operation(key: str) -> Operation:
    return Operation(id=key, product="default", reason="trial_ended", subscription_id=1)


def states() -> list[str]:
    return list(db.session.scalars(select(Workspace.status).order_by(Workspace.id)))


def test_the_contact_is_the_first_admin_in_the_company_s_language_and_zone(company: Company) -> None:
    for name, role in (("member", "member"), ("first", "admin"), ("second", "admin")):
        add_user(company, name, role)

    assert hooks.contacts(["1"]) == {"1": Contact("first@example.com", "first", "tr", "Asia/Tokyo")}


def test_a_company_without_an_admin_is_known_but_has_no_recipient(company: Company) -> None:
    add_user(company, "member", "member")

    assert hooks.contacts(["1"])["1"].email == ""


def test_a_company_that_is_gone_is_left_out(company: Company) -> None:
    assert set(hooks.contacts(["1", "2"])) == {"1"}


def test_any_number_of_contacts_costs_one_query(company: Company) -> None:
    queries: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *call: queries.append(call[2]))
    db.session.rollback()

    hooks.contacts([str(number) for number in range(1, 1001)])

    assert len(queries) == 1


def test_stopping_and_starting_leave_alone_what_the_owner_stopped(company: Company) -> None:
    hooks.suspend("1", operation("suspend-1"))
    stopped = states()
    hooks.resume("1", operation("resume-1"))

    assert stopped == ["stopped", "stopped"]
    assert states() == ["running", "stopped"]


def test_an_operation_told_twice_is_done_once(company: Company) -> None:
    hooks.suspend("1", operation("suspend-1"))
    company.workspaces[0].status = "running"
    db.session.commit()

    hooks.suspend("1", operation("suspend-1"))

    assert states() == ["running", "stopped"]


def test_the_state_of_workspaces_is_told_for_some_or_for_all(company: Company) -> None:
    some, everything = hooks.workspaces(["1", "2"]), hooks.workspaces(None)

    assert some == everything
    assert [(workspace.id, workspace.running) for workspace in some["1"]] == [("1", True), ("2", False)]


def test_usage_is_the_number_of_users(company: Company) -> None:
    add_user(company, "first", "admin")
    add_user(company, "second", "member")

    assert hooks.usage(["1"]) == {"1": 2}
