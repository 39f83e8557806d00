"""What the extension asks of this host: whom to write to, and how to stop and start workspaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import g
from flask_subscription_ops import Contact, Operation
from flask_subscription_ops import Workspace as WorkspaceState
from sqlalchemy import Select, func, select, update

from .extensions import db, subs
from .models import ADMIN, RUNNING, STOPPED, Company, User, Workspace


@subs.current_account
def current_account() -> str | None:
    return g.user.company.account_id if g.user else None


@subs.contacts
def contacts(account_ids: Sequence[str]) -> Mapping[str, Contact]:
    return {company.account_id: _contact(company, admin) for company, admin in db.session.execute(_admins(account_ids))}


def _admins(account_ids: Sequence[str]) -> Select[tuple[Company, User | None]]:
    """Select each company with its first admin, or None; a company that is gone gives no row."""
    ids = _company_ids(account_ids)
    first = (
        select(func.min(User.id).label("id"), User.company_id)
        .where(User.role == ADMIN, User.company_id.in_(ids))
        .group_by(User.company_id)
        .subquery()
    )
    return (
        select(Company, User)
        .outerjoin(first, first.c.company_id == Company.id)
        .outerjoin(User, User.id == first.c.id)
        .where(Company.id.in_(ids))
    )


def _contact(company: Company, admin: User | None) -> Contact:
    return Contact(
        email=admin.email if admin else "",
        name=admin.name if admin else company.name,
        locale=company.locale,
        timezone=company.timezone,
    )


@subs.suspend_workspaces
def suspend(account_id: str, operation: Operation) -> None:
    db.session.execute(
        update(Workspace)
        .where(
            Workspace.company_id == int(account_id),
            Workspace.status == RUNNING,
            Workspace.operation_id != operation.id,
        )
        .values(status=STOPPED, operation_id=operation.id)
    )
    db.session.commit()


@subs.resume_workspaces
def resume(account_id: str, operation: Operation) -> None:
    db.session.execute(
        update(Workspace)
        .where(
            Workspace.company_id == int(account_id),
            Workspace.status == STOPPED,
            Workspace.operation_id.not_in(["", operation.id]),
        )
        .values(status=RUNNING, operation_id=operation.id)
    )
    db.session.commit()


@subs.workspaces
def workspaces(account_ids: Sequence[str] | None) -> Mapping[str, Sequence[WorkspaceState]]:
    query = select(Workspace.company_id, Workspace.id, Workspace.status).order_by(Workspace.id)
    if account_ids is not None:
        query = query.where(Workspace.company_id.in_(_company_ids(account_ids)))
    found: dict[str, list[WorkspaceState]] = {}
    for company_id, workspace_id, status in db.session.execute(query):
        found.setdefault(str(company_id), []).append(WorkspaceState(str(workspace_id), status == RUNNING))
    return found


@subs.usage
def usage(account_ids: Sequence[str]) -> Mapping[str, int]:
    seats = (
        select(User.company_id, func.count())
        .where(User.company_id.in_(_company_ids(account_ids)))
        .group_by(User.company_id)
    )
    return {str(company_id): count for company_id, count in db.session.execute(seats)}


def _company_ids(account_ids: Sequence[str]) -> list[int]:
    return [int(account_id) for account_id in account_ids]
