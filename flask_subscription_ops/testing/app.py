"""What the kit needs of an app, whether its context is pushed or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..runtime import RUNTIME, Runtime
from ..wiring import of_this_app

if TYPE_CHECKING:
    from flask import Flask


def runtime_of(app: Flask) -> Runtime:
    """Return what the app works with; raises ConfigurationError where the extension is not initialised on it."""
    with app.app_context():
        return cast(Runtime, of_this_app(RUNTIME))
