from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import NullPool

from flask_subscription_ops import SubscriptionOps
from flask_subscription_ops.errors import ConfigurationError

from .hosts import CONFIG

LIMITED = [({}, 15), ({"pool_size": 3, "max_overflow": 0}, 3), ({"pool_size": 1, "max_overflow": 4}, 5)]
UNLIMITED = [{"poolclass": NullPool}, {"max_overflow": -1}, {"pool_size": 0, "max_overflow": 0}]


def app_with(folder: Path, connections: int, options: dict[str, Any]) -> Flask:
    app = Flask("host", instance_path=str(folder))
    where = {"SQLALCHEMY_DATABASE_URI": "sqlite:///host.db", "SQLALCHEMY_ENGINE_OPTIONS": options}
    app.config.update({**CONFIG, **where, "SUBS_MAIL_CONNECTIONS": connections})
    SQLAlchemy(app)
    return app


@pytest.mark.parametrize(("options", "most"), LIMITED, ids=str)
def test_more_connections_for_mail_than_the_pool_gives_are_refused(
    tmp_path: Path, options: dict[str, int], most: int
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        SubscriptionOps(app_with(tmp_path, most + 1, options))

    assert refused.value.problems == (
        f"SUBS_MAIL_CONNECTIONS {most + 1} is more than the {most} connections of the database's pool:"
        " lower it, or raise pool_size in SQLALCHEMY_ENGINE_OPTIONS",
    )


@pytest.mark.parametrize(("options", "most"), [*LIMITED, *((options, 64) for options in UNLIMITED)], ids=str)
def test_as_many_as_the_pool_gives_are_taken(tmp_path: Path, options: dict[str, Any], most: int) -> None:
    app = app_with(tmp_path, most, options)

    SubscriptionOps(app)

    assert "subscription_ops" in app.extensions
