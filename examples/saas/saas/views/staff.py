"""What the team does by hand: give a trial more days, subscribe a company that pays by transfer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import click
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_subscription_ops.errors import SubscriptionOpsError
from flask_subscription_ops.models import AuditEntry, OutboxMessage, Subscription
from sqlalchemy import ScalarResult, select, update
from werkzeug.wrappers import Response

from .. import csrf
from ..config import PLANS
from ..extensions import db, subs
from ..identity import staff_required
from ..models import Company, User

pages = Blueprint("staff", __name__, url_prefix="/staff")
csrf.protect(pages)
pages.cli.help = "Who works here."

SHOWN = 50  # rows of a table


@pages.get("/")
@staff_required
def companies() -> str:
    words = request.args.get("q", "")
    query = select(Company).where(Company.name.icontains(words, autoescape=True)).order_by(Company.id).limit(SHOWN)
    found = db.session.scalars(query).all()
    return render_template(
        "staff/companies.html", companies=found, held=_held(found), plans=PLANS, words=words, most=SHOWN
    )


def _held(companies: Sequence[Company]) -> defaultdict[str, Subscription | None]:
    """Return what each company has by its key: the live subscription, else the latest, else None."""
    keys = [company.account_id for company in companies]
    query = select(Subscription).where(Subscription.account_id.in_(keys), Subscription.product == "default")
    best_last = db.session.scalars(query.order_by(Subscription.being_live(), Subscription.id))
    return defaultdict(lambda: None, {subscription.account_id: subscription for subscription in best_last})


@pages.get("/companies/<int:company_id>")
@staff_required
def show(company_id: int) -> str:
    company = db.get_or_404(Company, company_id)
    return render_template(
        "staff/company.html",
        company=company,
        held=subs.get(company.account_id),
        plans=PLANS,
        effects=_latest(OutboxMessage, company),
        audit=_latest(AuditEntry, company),
    )


def _latest(rows: type[OutboxMessage] | type[AuditEntry], company: Company) -> ScalarResult[Any]:
    """Return what the extension has written about the company, the newest first."""
    return db.session.scalars(
        select(rows).where(rows.account_id == company.account_id).order_by(rows.id.desc()).limit(SHOWN)
    )


@pages.post("/companies/<int:company_id>/extend-trial")
@staff_required
def extend_trial(company_id: int) -> Response:
    days = request.form.get("days", type=int) or abort(400, "days must be a whole number")
    subs.extend_trial(_subscription(company_id), days=days)
    return _commit(company_id, f"The trial is {days} days longer.")


@pages.post("/companies/<int:company_id>/subscribe")
@staff_required
def subscribe(company_id: int) -> Response:
    held = subs.subscribe(str(company_id), request.form["plan"])
    return _commit(company_id, f"The company is on {PLANS[held.plan]['name']} now.")


def _subscription(company_id: int) -> Subscription:
    return subs.get(str(company_id)) or abort(404)


def _commit(company_id: int, message: str) -> Response:
    db.session.commit()
    flash(message)
    return redirect(url_for("staff.show", company_id=company_id))


@pages.errorhandler(SubscriptionOpsError)
def refuse(error: SubscriptionOpsError) -> Response:
    db.session.rollback()
    flash(str(error), "error")
    return redirect(url_for("staff.show", **(request.view_args or {})))


@pages.cli.command("grant")
@click.argument("email")
def grant(email: str) -> None:
    """Make the user with EMAIL a member of staff."""
    granted = db.session.scalar(update(User).where(User.email == email).values(is_staff=True).returning(User.id))
    if granted is None:
        raise click.ClickException(f"nobody has the address {email}")
    db.session.commit()
    click.echo(f"{email} is staff now")
