"""What the host gave its own templates, lent to those of its emails."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...errors import ConfigurationError

if TYPE_CHECKING:
    from flask import Flask
    from jinja2 import Environment

OF_A_REQUEST = frozenset({"config", "g", "request", "session", "subscription", "get_flashed_messages"})


def borrow(app: Flask, environment: Environment) -> None:
    """Take over the host's filters, tests and globals, but for those that belong to a request."""
    host = app.jinja_env
    environment.filters.update(host.filters)
    environment.tests.update(host.tests)
    environment.globals.update({name: host.globals[name] for name in host.globals.keys() - OF_A_REQUEST})
    environment.globals["url_for"] = partial(_url_for, app)


def _url_for(app: Flask, endpoint: str, *, _external: bool = True, _anchor: str = "", **values: Any) -> str:
    """Return a whole link, always of SERVER_NAME: whoever sends a request can put any host into it."""
    adapter = app.create_url_adapter(None)
    if adapter is None:
        raise ConfigurationError(["url_for needs SERVER_NAME, which is not set"])
    link = adapter.build(endpoint, values, force_external=True)
    return f"{link}#{quote(_anchor)}" if _anchor else link
