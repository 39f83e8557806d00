"""What the tests of services compare: everything that a change writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flask_subscription_ops.models import AuditEntry, OutboxMessage, Subscription

from ..hosts import Host

Rows = Callable[[Host], tuple[int, int, int]]


@pytest.fixture
def rows() -> Rows:
    """Count what is stored: subscriptions, audit entries, effects."""

    def count(host: Host) -> tuple[int, int, int]:
        host.db.session.rollback()
        counts: Any = [host.db.session.query(model).count() for model in (Subscription, AuditEntry, OutboxMessage)]
        host.db.session.rollback()
        return tuple(counts)

    return count
