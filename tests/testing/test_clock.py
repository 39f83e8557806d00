from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from flask_subscription_ops.domain.clock import UTC, system_clock
from flask_subscription_ops.errors import ConfigurationError, InvalidInput, NaiveDatetime
from flask_subscription_ops.testing import MovingClock, moving_clock

from ..hosts import NOON, Host, days


def test_a_clock_begins_at_the_real_now_and_stands_still() -> None:
    before = system_clock()
    clock = MovingClock()

    assert before <= clock() <= system_clock()
    assert clock() == clock() == clock.now


def test_a_clock_shows_utc_whatever_zone_it_was_given() -> None:
    clock = MovingClock(NOON.astimezone(ZoneInfo("Asia/Tokyo")))

    assert (clock(), clock().tzinfo) == (NOON, UTC)


def test_a_clock_moves_by_as_much_as_it_is_told() -> None:
    clock = MovingClock(NOON)

    assert clock.move(days=1, hours=2, minutes=3, seconds=4.5) == clock()
    assert clock() == NOON + timedelta(days=1, hours=2, minutes=3, seconds=4.5)


def test_a_clock_moves_to_an_instant_and_may_be_there_already() -> None:
    clock = MovingClock(NOON)

    assert (clock.to(NOON), clock.to(NOON + days(3)), clock()) == (NOON, NOON + days(3), NOON + days(3))


@pytest.mark.parametrize(
    "go_back",
    [lambda clock: clock.to(NOON - timedelta(microseconds=1)), lambda clock: clock.move(days=-1)],
    ids=["to an instant", "by some time"],
)
def test_a_clock_never_goes_back(go_back: Callable[[MovingClock], object]) -> None:
    clock = MovingClock(NOON)

    with pytest.raises(InvalidInput, match="shows 2026-12-01T12:00:00Z and never goes back to 2026-1"):
        go_back(clock)

    assert clock() == NOON


@pytest.mark.parametrize("set_it", [MovingClock, lambda instant: MovingClock(NOON).to(instant)])
def test_an_instant_without_a_zone_is_refused(set_it: Callable[[datetime], object]) -> None:
    with pytest.raises(NaiveDatetime, match="has no zone"):
        set_it(datetime(2026, 12, 1))  # noqa: DTZ001  # the point


def test_an_app_lives_by_the_clock_without_leave_to_travel(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(SUBS_ALLOW_TIME_TRAVEL=False)

    with moving_clock(host.app, NOON) as clock:
        trial = host.subs.start_trial("1", "pro")
        host.db.session.commit()
        clock.move(days=14, seconds=-1)
        before_its_end = host.subs.run_job("trial-check").as_of, host.reload(trial).status
        clock.move(seconds=1)
        host.subs.run_job("trial-check")

    assert trial.trial_ends_at == NOON + days(14)
    assert before_its_end == (NOON + days(14) - timedelta(seconds=1), "trialing")
    assert host.reload(trial).status == "expired"


def test_the_app_gets_its_own_clock_back_even_from_a_test_that_failed(sqlite_host: Host) -> None:
    own = sqlite_host.subs.runtime.clock

    with pytest.raises(AssertionError), moving_clock(sqlite_host.app):
        assert sqlite_host.subs.runtime.clock is own

    assert sqlite_host.subs.runtime.clock is own


def test_an_app_that_is_not_set_up_is_told_the_remedy() -> None:
    with pytest.raises(ConfigurationError, match=r"call subs\.init_app\(app\)"), moving_clock(Flask("bare")):
        pass
