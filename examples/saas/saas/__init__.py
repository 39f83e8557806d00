"""A small SaaS: companies with users and workspaces, on trial or paying."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from . import config, demo, formats, identity, models, subscription_hooks, views
from .extensions import db, mail, migrate, subs

__all__ = ["create_app", "models", "subscription_hooks"]

PROJECT = Path(__file__).parent.parent


def create_app(overrides: Mapping[str, Any] | None = None) -> Flask:
    app = Flask(__name__, instance_path=os.path.abspath(os.environ.get("SAAS_INSTANCE", PROJECT / "instance")))
    app.config.from_mapping(config.from_environment(Path(app.instance_path)))
    app.config.from_mapping(overrides or {})
    db.init_app(app)
    migrate.init_app(app, db, directory=str(PROJECT / "migrations"))
    mail.init_app(app)
    subs.init_app(app)
    identity.init_app(app)
    formats.init_app(app)
    views.init_app(app)
    app.cli.add_command(demo.commands)
    return app
