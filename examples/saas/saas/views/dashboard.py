"""The product itself: only for companies with access."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from .. import csrf
from ..extensions import subs
from ..identity import login_required

pages = Blueprint("dashboard", __name__)
csrf.protect(pages)


@pages.get("/")
@login_required
@subs.access_required()
def show() -> str:
    return render_template("dashboard.html", company=g.user.company)
