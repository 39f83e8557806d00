"""Hosts on the databases that are servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..conftest import empty_database
from ..hosts import Host, running_host
from ..servers import database
from ..stock import Stock


@pytest.fixture(params=["postgresql", "mariadb"])
def server_url(request: pytest.FixtureRequest, stock: Stock, tmp_path: Path) -> Iterator[str]:
    """The URL of a database on each kind of server: empty, or with our tables where the test has a host made."""
    lend = stock.lend if "make_on_server" in request.fixturenames else database
    with empty_database(request.param, tmp_path, lend) as url:
        yield url


@pytest.fixture
def make_on_server(server_url: str) -> Iterator[Callable[..., Host]]:
    with ExitStack() as stack:
        yield lambda **config: stack.enter_context(running_host(server_url, **config))


@pytest.fixture
def postgresql_url(tmp_path: Path) -> Iterator[str]:
    with empty_database("postgresql", tmp_path) as url:
        yield url
