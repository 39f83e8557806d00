from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from flask_subscription_ops.errors import AppendOnly
from flask_subscription_ops.models import AuditEntry

from ..hosts import NOON, Host


def _change(session: Any, entry: AuditEntry) -> None:
    entry.cause = "forged"
    session.commit()


def _delete(session: Any, entry: AuditEntry) -> None:
    session.delete(entry)
    session.commit()


def _merge(session: Any, entry: AuditEntry) -> None:
    session.merge(AuditEntry(id=entry.id, cause="forged"))
    session.commit()


REWRITES: dict[str, Callable[[Any, AuditEntry], Any]] = {
    "an attribute": _change,
    "a delete": _delete,
    "a merge": _merge,
    "a bulk update": lambda session, entry: session.execute(update(AuditEntry).values(cause="forged")),
    "a bulk update by key": lambda session, entry: session.execute(
        update(AuditEntry), [{"id": entry.id, "cause": "forged"}]
    ),
    "a bulk delete": lambda session, entry: session.execute(delete(AuditEntry).where(AuditEntry.id == entry.id)),
    "a query's update": lambda session, entry: session.query(AuditEntry).update({"cause": "forged"}),
    "a query's delete": lambda session, entry: session.query(AuditEntry).delete(),
}


@pytest.mark.parametrize("rewrite", REWRITES)
def test_the_audit_cannot_be_rewritten(sqlite_host: Host, rewrite: str) -> None:
    sqlite_host.trial("7")
    session = sqlite_host.db.session

    with pytest.raises(AppendOnly, match="write a new entry that corrects the old one"):
        REWRITES[rewrite](session, session.query(AuditEntry).one())

    assert sqlite_host.audit() == [(None, "trialing", "trial_started")]


def test_sessions_of_our_own_cannot_rewrite_it_either(sqlite_host: Host) -> None:
    sqlite_host.trial("7")

    with pytest.raises(AppendOnly), sqlite_host.subs.runtime.writing() as session:
        session.execute(delete(AuditEntry))

    assert len(sqlite_host.audit()) == 1


def test_a_change_of_another_model_is_none_of_its_business(sqlite_host: Host) -> None:
    trial = sqlite_host.trial("7")

    trial.usage_count = 3
    sqlite_host.db.session.commit()

    assert sqlite_host.reload(trial).usage_count == 3


@pytest.mark.parametrize(("version", "accepted"), [(1, False), (2, True)])
def test_a_version_of_a_subscription_has_one_entry(host: Host, version: int, accepted: bool) -> None:
    trial = host.trial("7")
    entry = AuditEntry(
        at=NOON,
        account_id="7",
        subscription_id=trial.id,
        version=version,
        from_status="trialing",
        to_status="trialing",
        cause="corrected",
        actor="ops",
        details={},
    )
    host.db.session.add(entry)

    if accepted:
        host.db.session.commit()
    else:
        with pytest.raises(IntegrityError):
            host.db.session.commit()

    assert len(host.audit()) == version
