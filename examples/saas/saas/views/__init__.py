"""Pages, one blueprint a file."""

from __future__ import annotations

from flask import Flask

from .. import csrf
from . import auth, billing, dashboard, errors, staff

BLUEPRINTS = (auth.pages, dashboard.pages, billing.pages, staff.pages)


def init_app(app: Flask) -> None:
    app.add_template_global(csrf.csrf_token)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    errors.init_app(app)
