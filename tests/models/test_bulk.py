from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from flask_subscription_ops.models import OutboxMessage, Subscription
from flask_subscription_ops.models.bulk import insert_new_rows

from ..customers import add_trials
from ..hosts import NOON, Host, days, running_host
from ..servers import Missing, database

END = NOON + days(14)


def effect(key: str, **values: Any) -> dict[str, Any]:
    return {
        "effect_key": key,
        "channel": "email",
        "kind": "trial_started",
        "account_id": "1",
        "subscription_id": 1,
        "product": "default",
        "details": {},
        "due_at": NOON,
        "created_at": NOON,
        "state": "pending",
        "attempts": 0,
        **values,
    }


def insert(host: Host, *rows: dict[str, Any]) -> set[str]:
    with host.subs.runtime.writing() as session:
        return insert_new_rows(session, OutboxMessage, rows, "effect_key")


def test_only_keys_that_are_not_stored_yet_are_inserted_and_named(host: Host) -> None:
    insert(host, effect("a"), effect("b"))

    assert insert(host, effect("b", kind="other"), effect("c")) == {"c"}
    assert list(host.effects()) == ["a", "b", "c"]
    assert {m.kind for m in host.db.session.query(OutboxMessage)} == {"trial_started"}


@pytest.mark.parametrize("values", [{"kind": None}, {"state": "lost"}, {"attempts": None}], ids=str)
def test_a_value_that_cannot_be_is_an_error_and_not_a_row(host: Host, values: dict[str, Any]) -> None:
    with pytest.raises(DBAPIError):
        insert(host, effect("good"), effect("bad", **values))

    assert host.effects() == {}


def test_a_text_that_is_too_long_is_refused_or_stored_whole(host: Host) -> None:
    long = "x" * 17

    with suppress(DBAPIError):
        insert(host, effect("a", channel=long))

    assert {m.channel for m in host.db.session.query(OutboxMessage)} <= {long}


@pytest.fixture(params=["MariaDB without RETURNING", "MySQL"])
def without_returning(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Host]:
    """A host on a database that gives nothing back from an INSERT."""
    kind = request.param.split()[0].lower()
    try:
        with database(kind, tmp_path) as url, running_host(url) as host:
            if kind == "mariadb":
                _without_returning(host)
            yield host
    except Missing as missing:
        pytest.skip(str(missing))


def _without_returning(host: Host) -> None:
    dialect = host.db.engine.dialect
    host.db.session.connection()  # the first connection finds out what the server can do
    for name in ("insert_returning", "delete_returning", "update_returning"):
        setattr(dialect, name, False)
    dialect.insert_executemany_returning = dialect.insert_executemany_returning_sort_by_parameter_order = False
    host.db.session.rollback()


def test_the_life_of_a_trial_needs_no_returning(without_returning: Host) -> None:
    host = without_returning
    subscription = host.trial("1")
    host.db.session.add(Subscription(account_id="2", plan="pro", status="trialing", trial_ends_at=END))
    host.db.session.commit()
    add_trials(host, 100, 30, ends=END, look=NOON)

    reports = [host.check(NOON + days(7)), host.check(END, confirm=host.check(END).confirm), host.deliver(END)]

    assert [report.outcome.value for report in reports] == ["ok"] * 3
    assert len({report.run for report in reports}) == 3
    assert host.reload(subscription).status == "expired"
    assert set(host.effects().values()) == {"done"}
    assert len(host.stopped) == 32


def test_services_need_no_returning(without_returning: Host) -> None:
    subs, session = without_returning.subs, without_returning.db.session
    subscription = subs.subscribe("1", "pro")
    session.commit()

    for verb in (subs.pause, subs.unpause, subs.cancel, subs.resume):
        verb(subscription)
        session.commit()
    subs.cancel(subscription, at_period_end=False)
    session.commit()

    assert [cause for _, _, cause in without_returning.audit()][-1] == "canceled"
