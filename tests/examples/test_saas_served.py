"""The saas example as a real server answers, with a job beside it in another process."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from requests import Response, Session

from .conftest import SIGN_UP
from .test_saas import AFTER_THE_TRIAL, World, world

__all__ = ["world"]  # the fixture

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@pytest.fixture
def app(app: Flask) -> Flask:
    """Call the server what its visitors call it: Flask 3.0 warns of another name."""
    app.config["SERVER_NAME"] = "localhost"
    return app


class Visitor(Session):
    """A browser that keeps its cookies and sends the token of a page's form."""

    def __init__(self, server: Any) -> None:
        super().__init__()
        self._server = server

    def see(self, path: str) -> Response:
        return self.get(self._server.url(path))

    def fill_in(self, path: str, **fields: str) -> Response:
        found = TOKEN.search(self.see(path).text)
        assert found is not None
        return self.post(self._server.url(path), data={**fields, "csrf_token": found[1]})


def test_a_trial_from_sign_up_to_billing_over_http(live_server: Any, world: World) -> None:
    with Visitor(live_server) as visitor:
        page = visitor.fill_in("/sign-up", **SIGN_UP)
        world.run("trial-check", as_of=AFTER_THE_TRIAL)
        afterwards = visitor.see("/")

    assert "14 days left in your trial" in page.text
    assert world.workspaces() == ["stopped"]
    assert afterwards.url == live_server.url("/billing/")
    assert "Your workspaces are stopped" in afterwards.text
