"""Who is asking: the logged-in user as `g.user`, and the guards of views."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, abort, g, redirect, session, url_for
from werkzeug.wrappers import Response

from .extensions import db
from .models import User


def init_app(app: Flask) -> None:
    app.before_request(_load_user)
    app.register_error_handler(401, _ask_to_log_in)


def log_in(user: User) -> None:
    session.clear()
    session["user_id"] = user.id


def log_out() -> None:
    session.clear()


def login_required(view: Callable[..., Any]) -> Callable[..., Any]:
    return _guard(view, lambda user: True)


def admin_required(view: Callable[..., Any]) -> Callable[..., Any]:
    return _guard(view, lambda user: user.is_admin)


def staff_required(view: Callable[..., Any]) -> Callable[..., Any]:
    return _guard(view, lambda user: user.is_staff)


def _guard(view: Callable[..., Any], is_allowed: Callable[[User], bool]) -> Callable[..., Any]:
    @wraps(view)
    def guarded(**arguments: Any) -> Any:
        if g.user is None:
            abort(401)
        if not is_allowed(g.user):
            abort(403)
        return view(**arguments)

    return guarded


def _load_user() -> None:
    user_id = session.get("user_id")
    g.user = db.session.get(User, user_id) if user_id else None


def _ask_to_log_in(error: Exception) -> Response:
    return redirect(url_for("auth.log_in"))
