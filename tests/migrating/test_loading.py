"""Our part of a migration is loaded where one may be written, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

APP = """
import sys
{first}
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_subscription_ops import SubscriptionOps

app, db = Flask("host"), SQLAlchemy()
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
db.init_app(app)
SubscriptionOps(app)
print(*[name for name in ("alembic", "flask_subscription_ops.migrating") if name in sys.modules])
"""
BOTH = "alembic flask_subscription_ops.migrating"


@pytest.mark.parametrize(
    ("first", "loaded"),
    [
        pytest.param("", "", id="neither"),
        pytest.param("import flask_migrate", BOTH, id="Flask-Migrate"),
        pytest.param("import alembic", BOTH, id="Alembic"),
    ],
)
def test_it_is_loaded_with_alembic_which_it_does_not_load_itself(first: str, loaded: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", APP.format(first=first)]

    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)

    assert done.stdout.strip() == loaded
