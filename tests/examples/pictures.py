"""Take the pictures of examples/saas anew: part of `make pictures`. It needs Chromium and pngquant."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from tempfile import TemporaryDirectory

from flask import Flask

from ..docs.pictures import DARK, LIGHT, PHONE, take
from . import conftest

__all__ = ["conftest"]  # which finds the example

STAFF, CUSTOMER, NOBODY = 2, 3, None  # ids of generated users
COMPANIES = "/staff/?q=Harbor"
PICTURES = {  # the pages side by side with who sees each, how wide each is, how high all are, and in which light
    "billing": ([(CUSTOMER, "/billing/")], 900, 530, LIGHT),
    "staff": ([(STAFF, COMPANIES)], 900, 530, LIGHT),
    "phones": ([(CUSTOMER, "/billing/"), (STAFF, COMPANIES), (NOBODY, "/sign-up")], PHONE, 720, DARK),
}


def main() -> None:
    with TemporaryDirectory() as folder:
        app = after_a_night(folder)
        for name, (pages, width, height, light) in PICTURES.items():
            take([seen(app, *page) for page in pages], f"saas-{name}", width, height, light)


def after_a_night(folder: str) -> Flask:
    """Return the example with the companies of its demo, of whom trial-check has ended and reminded some."""
    os.environ["SAAS_INSTANCE"] = folder
    from saas import create_app
    from saas.demo.seed import fill
    from saas.extensions import db, subs

    app = create_app({"SUBS_MAIL": "memory", "SUBS_BRAKE_MIN": 1000})
    with app.app_context():
        db.create_all()
        fill(300, datetime.now(timezone.utc))
        subs.run_job("trial-check")
    return app


def seen(app: Flask, user_id: int | None, path: str) -> str:
    """Return the page with its style sheet within, as that user sees it."""
    client = app.test_client()
    with client.session_transaction() as session:
        session["user_id"] = user_id
    style = client.get("/static/style.css").text
    return client.get(path).text.replace("</head>", f"<style>{style}</style></head>")


if __name__ == "__main__":
    main()
