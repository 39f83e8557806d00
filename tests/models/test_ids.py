from __future__ import annotations

import pytest
from sqlalchemy import delete, text

from flask_subscription_ops.models import Base, Deployment, Subscription

from ..hosts import NOON, Host, days

GENERATED = [table for table in Base.metadata.sorted_tables if table is not Deployment.__table__]


def test_after_the_newest_subscription_was_deleted_a_trial_can_be_started(host: Host) -> None:
    host.trial("1")
    newest = host.trial("2").id
    host.db.session.execute(delete(Subscription).where(Subscription.id == newest))
    host.db.session.commit()

    again = host.trial("2")

    assert again.id > newest
    assert host.check(NOON + days(14)).changed == 2


@pytest.mark.parametrize("table", [table.name for table in GENERATED])
def test_every_generated_id_of_sqlite_is_its_own_for_ever(sqlite_host: Host, table: str) -> None:
    made = sqlite_host.db.session.execute(text(f"SELECT sql FROM sqlite_master WHERE name = '{table}'")).scalar_one()

    assert "AUTOINCREMENT" in made
