"""Two sessions that change one subscription, held against each other by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from flask_subscription_ops.actions import begin
from flask_subscription_ops.actions.change import Change, apply
from flask_subscription_ops.actions.context import context_of
from flask_subscription_ops.actions.row import lock
from flask_subscription_ops.domain.states import Cause
from flask_subscription_ops.errors import IllegalTransition
from flask_subscription_ops.models import Subscription
from flask_subscription_ops.reports.audit import verify

from ..hosts import NOON, Host, days

IMPATIENT = {
    "sqlite": "PRAGMA busy_timeout = 50",
    "postgresql": "SET lock_timeout = '50ms'",
    "mysql": "SET innodb_lock_wait_timeout = 1",
}
VERBS: dict[str, Callable[[Host, Subscription], Any]] = {
    "cancel": lambda host, found: host.subs.cancel(found),
    "cancel now": lambda host, found: host.subs.cancel(found, at_period_end=False),
    "resume": lambda host, found: host.subs.resume(found),
    "extend_trial": lambda host, found: host.subs.extend_trial(found, days=3),
    "subscribe": lambda host, found: host.subs.subscribe(found.account_id, "pro"),
}


@contextmanager
def another_session(host: Host) -> Iterator[Session]:
    with Session(host.db.engine, expire_on_commit=False) as session:
        yield session


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_does_not_pass_a_row_that_another_session_holds(host: Host, verb: str) -> None:
    trial = host.trial("7")
    with another_session(host) as other:
        held = lock(context_of(host.subs.runtime, other), other.get(Subscription, trial.id))
        host.db.session.execute(text(IMPATIENT[host.db.engine.dialect.name]))

        with pytest.raises(IllegalTransition, match="is being changed by someone else"):
            VERBS[verb](host, trial)

        host.db.session.rollback()
        apply(context_of(host.subs.runtime, other), [Change(held, Cause.TRIAL_ENDED, {"ended_at": NOON})])
        other.commit()
    assert host.reload(trial).status == "expired"
    assert [cause for _, _, cause in host.audit()] == ["trial_started", "trial_ended"]


@pytest.mark.parametrize("verb", ["start_trial", "subscribe"])
def test_a_beginning_gives_way_to_another_one_that_is_not_committed(host: Host, verb: str) -> None:
    with another_session(host) as other:
        begin.start_trial(
            context_of(host.subs.runtime, other), "7", "pro", days=None, product="default", payment_method=None
        )
        host.db.session.execute(text(IMPATIENT[host.db.engine.dialect.name]))

        with pytest.raises(IllegalTransition, match="is being changed by someone else"):
            getattr(host.subs, verb)("7", "pro")

        host.db.session.rollback()
        other.commit()
    assert [cause for _, _, cause in host.audit()] == ["trial_started"]


def test_a_change_of_a_version_that_is_gone_is_refused_and_writes_nothing(host: Host) -> None:
    trial = host.trial("7")
    with another_session(host) as other:
        stale = other.get(Subscription, trial.id)
        other.commit()
        host.subs.extend_trial(trial, days=3)
        host.db.session.commit()

        with pytest.raises(IllegalTransition, match="sub-1 was changed by someone else meanwhile"):
            apply(context_of(host.subs.runtime, other), [Change(stale, Cause.TRIAL_ENDED, {"ended_at": NOON})])
        other.rollback()

    assert host.reload(trial).trial_ends_at == NOON + days(17)
    assert [cause for _, _, cause in host.audit()] == ["trial_started", "trial_extended"]
    assert list(host.effects()) == ["trial-started:sub-1:2026-12-15"]


def test_of_eight_that_extend_a_trial_at_once_each_counts_or_is_refused(host: Host) -> None:
    host.trial("7", days=14)
    together = Barrier(8)

    def extend(_: int) -> bool:
        with host.app.app_context():
            found = host.subs.get("7")
            host.db.session.rollback()
            together.wait(10)
            try:
                host.subs.extend_trial(found, days=1)
                host.db.session.commit()
            except IllegalTransition:
                host.db.session.rollback()
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        extended = sum(pool.map(extend, range(8)))

    found = host.subs.get("7")
    assert extended >= 1
    assert (found.trial_ends_at, found.version) == (NOON + days(14 + extended), 1 + extended)
    assert list(verify(host.subs.runtime)) == []


def test_get_tells_what_another_session_has_made_of_it(make: Callable[..., Host], database_url: str) -> None:
    sees_commits = {} if database_url.startswith("sqlite") else {"isolation_level": "READ COMMITTED"}
    host = make(SQLALCHEMY_ENGINE_OPTIONS=sees_commits)
    trial = host.trial("7")
    assert host.subs.get("7").status == "trialing"
    with another_session(host) as other:
        found = lock(context_of(host.subs.runtime, other), other.get(Subscription, trial.id))
        apply(context_of(host.subs.runtime, other), [Change(found, Cause.TRIAL_ENDED, {"ended_at": NOON})])
        other.commit()

    assert host.subs.get("7").status == "expired"


def test_an_object_follows_a_savepoint_that_is_rolled_back(host: Host) -> None:
    trial = host.trial("7")

    savepoint = host.db.session.begin_nested()
    host.subs.cancel(trial, at_period_end=False)
    assert trial.status == "canceled"
    savepoint.rollback()

    assert (trial.status, trial.version) == ("trialing", 1)
    host.subs.extend_trial(trial, days=1)
    host.db.session.commit()
    assert [cause for _, _, cause in host.audit()] == ["trial_started", "trial_extended"]
    assert list(verify(host.subs.runtime)) == []


def test_an_object_follows_an_outer_savepoint_and_keeps_what_an_inner_one_released(host: Host) -> None:
    trial = host.trial("7")

    outer = host.db.session.begin_nested()
    with host.db.session.begin_nested():
        host.subs.extend_trial(trial, days=1)
    assert trial.trial_ends_at == NOON + days(15)
    outer.rollback()

    assert trial.trial_ends_at == NOON + days(14)
