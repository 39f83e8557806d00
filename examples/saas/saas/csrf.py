"""One token per session; every form of a protected blueprint must carry it."""

from __future__ import annotations

import hmac
import secrets

from flask import Blueprint, abort, request, session

FIELD = "csrf_token"


def csrf_token() -> str:
    """Return the session's token, made on first use; templates call it in each form."""
    return session.setdefault(FIELD, secrets.token_urlsafe())


def protect(blueprint: Blueprint) -> None:
    """Refuse every unsafe request to `blueprint` that lacks the token."""
    blueprint.before_request(_check)


def _check() -> None:
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    if not hmac.compare_digest(request.form.get(FIELD, "").encode(), csrf_token().encode()):
        abort(400, "This form is out of date. Go back, reload the page and try again.")
