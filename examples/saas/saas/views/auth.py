"""Sign up, log in, log out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from secrets import token_urlsafe
from zoneinfo import available_timezones

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.security import generate_password_hash
from werkzeug.wrappers import Response

from .. import csrf, identity
from ..config import PLANS
from ..extensions import db, subs
from ..models import ADMIN, Company, User, Workspace

pages = Blueprint("auth", __name__)
csrf.protect(pages)

LOCALES = {"en": "English", "ru": "Русский", "tr": "Türkçe"}


@pages.get("/sign-up")
def sign_up() -> str:
    return render_template(
        "auth/sign_up.html", plans=PLANS, locales=LOCALES, zones=sorted(available_timezones()), form=request.form
    )


@pages.post("/sign-up")
def create_company() -> Response | tuple[str, int]:
    if problem := _problem(request.form):
        return _refuse(problem)
    admin = _new_company(request.form)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        return _refuse("This address has an account already. Log in instead.")
    subs.start_trial(admin.company.account_id, request.form["plan"])
    db.session.commit()
    identity.log_in(admin)
    return redirect(url_for("dashboard.show"))


def _problem(form: Mapping[str, str]) -> str | None:
    if not all(form.get(field, "").strip() for field in ("company", "name", "email")):
        return "Company, name and email are needed."
    if len(form.get("password", "")) < 8:
        return "The password needs at least 8 characters."
    known = form.get("plan") in PLANS and form.get("locale") in LOCALES
    if not known or form.get("timezone") not in available_timezones():
        return "Choose a plan, a language and a time zone from the lists."
    return None


def _refuse(problem: str) -> tuple[str, int]:
    flash(problem, "error")
    return sign_up(), 422


def _new_company(form: Mapping[str, str]) -> User:
    company = Company(name=form["company"].strip(), timezone=form["timezone"], locale=form["locale"])
    company.workspaces = [Workspace(name="Main")]
    admin = User(company=company, name=form["name"].strip(), email=form["email"].strip().lower(), role=ADMIN)
    admin.set_password(form["password"])
    db.session.add(company)
    return admin


@pages.get("/log-in")
def log_in() -> str:
    return render_template("auth/log_in.html", form=request.form)


@pages.post("/log-in")
def check_log_in() -> Response | tuple[str, int]:
    address = request.form.get("email", "").strip().lower()
    user = db.session.scalar(select(User).where(User.email == address))
    if not (user or _nobody()).has_password(request.form.get("password", "")) or user is None:
        flash("No account has this address and password.", "error")
        return log_in(), 422
    identity.log_in(user)
    return redirect(url_for("dashboard.show"))


@cache
def _nobody() -> User:
    """Return a user to compare with, so that an unknown address is answered as slowly as a wrong password."""
    return User(password_hash=generate_password_hash(token_urlsafe()))


@pages.post("/log-out")
def log_out() -> Response:
    identity.log_out()
    return redirect(url_for("auth.log_in"))
