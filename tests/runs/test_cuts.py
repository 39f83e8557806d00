"""The connection to the database is cut at each moment of a sweep, in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from flask_subscription_ops.errors import DatabaseUnreachable
from flask_subscription_ops.models import AuditEntry, JobRun, Subscription
from flask_subscription_ops.reports.audit import verify

from ..database.cuts import cutting
from ..hosts import NOON, Host, days

END = NOON + days(14)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_whatever_is_cut_the_next_run_brings_about_the_same(make: Callable[..., Host], after: bool) -> None:
    host = make(SUBS_BRAKE_SHARE=1)

    for moment in _moments(host):
        ending, reminded = _add(host, str(moment))
        with cutting(host.db.engine, moment, after=after):
            _check(host)
        host.check(END, deliver=False)

        _look(host, ending, reminded, f"{'after' if after else 'before'} {moment}")
    assert list(verify(host.subs.runtime)) == []


def test_a_run_whose_last_words_are_cut_says_that_the_database_is_away(host: Host) -> None:
    host.check(END)
    with cutting(host.db.engine) as clean:
        host.check(END)

    with cutting(host.db.engine, clean.count - 2), pytest.raises(DatabaseUnreachable):  # the UPDATE before its COMMIT
        host.check(END)

    host.db.session.rollback()
    assert [run.outcome for run in host.db.session.query(JobRun).order_by(JobRun.id)] == ["ok", "ok", None]


def _moments(host: Host) -> Iterator[int]:
    for name in ("first", "second"):  # the first run of all stores whose database it is
        _add(host, name)
        with cutting(host.db.engine) as clean:
            _check(host)
    assert clean.count > 15
    yield from range(clean.count)


def _add(host: Host, name: str) -> tuple[Subscription, Subscription]:
    """Start a trial that ends and one that is reminded, both due."""
    return host.trial(f"ending-{name}"), host.trial(f"reminded-{name}", days=15)


def _check(host: Host) -> None:
    try:
        host.check(END, deliver=False)
    except DatabaseUnreachable:
        pass
    finally:
        host.db.session.rollback()


def _look(host: Host, ending: Subscription, reminded: Subscription, when: str) -> None:
    effects = [key for key in host.effects() if f":sub-{ending.id}:" in key or f":sub-{reminded.id}:" in key]
    assert sorted(key.partition(":")[0] for key in effects) == [
        "suspend-workspaces",
        "trial-expired",
        "trial-reminder",
        "trial-started",
        "trial-started",
    ], when
    assert (host.reload(ending).status, host.reload(reminded).status) == ("expired", "trialing"), when
    causes = [cause for (cause,) in host.db.session.query(AuditEntry.cause).filter_by(subscription_id=ending.id)]
    assert sorted(causes) == ["trial_ended", "trial_started"], when
