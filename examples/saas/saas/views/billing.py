"""Billing: open to a company without access too, for this is where it comes back."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask_subscription_ops.errors import SubscriptionOpsError
from flask_subscription_ops.models import Subscription
from werkzeug.wrappers import Response

from .. import csrf, formats
from ..config import PLANS
from ..extensions import db, subs
from ..identity import admin_required, login_required

pages = Blueprint("billing", __name__, url_prefix="/billing")
csrf.protect(pages)


@pages.get("/")
@login_required
def show() -> str:
    return render_template("billing.html", company=g.user.company, plans=PLANS)


@pages.post("/subscribe")
@admin_required
def subscribe() -> Response:
    subs.subscribe(g.user.company.account_id, request.form["plan"])
    return _commit("Thank you. Your subscription is active.")


@pages.post("/cancel")
@admin_required
def cancel() -> Response:
    held = _subscription()
    subs.cancel(held, reason=request.form.get("reason", ""))
    return _commit("Canceled." if held.ends_at is None else f"Canceled. You keep access until {_day(held.ends_at)}.")


@pages.post("/resume")
@admin_required
def resume() -> Response:
    subs.resume(_subscription())
    return _commit("Welcome back: your subscription goes on.")


def _subscription() -> Subscription:
    return subs.get(g.user.company.account_id) or abort(404)


def _day(instant: datetime) -> str:
    return formats.day(instant, g.user.company.timezone)


def _commit(message: str) -> Response:
    db.session.commit()
    flash(message)
    return redirect(url_for("billing.show"))


@pages.errorhandler(SubscriptionOpsError)
def refuse(error: SubscriptionOpsError) -> Response:
    """Answer a form that came too late, such as a second click: its wish does not fit the subscription any more."""
    db.session.rollback()
    current_app.logger.info("refused: %s", error)
    flash("That is not possible any more. This is how your subscription stands now.", "error")
    return redirect(url_for("billing.show"))
