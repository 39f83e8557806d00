"""A host that holds whatever text it is given."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ...hosts import Host


@pytest.fixture
def host(make: Callable[..., Host]) -> Host:
    """A host whose brake lets many trials end at once."""
    return make(SUBS_BRAKE_MIN=10_000)
