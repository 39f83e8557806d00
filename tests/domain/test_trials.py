from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_subscription_ops.domain.clock import UTC
from flask_subscription_ops.domain.reminders import Ladder
from flask_subscription_ops.domain.states import Cause
from flask_subscription_ops.domain.trials import End, Leave, Remind, Trial, Wait, ending, next_step

END = datetime(2026, 12, 15, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
OWNERS = ("manual", "local", "provider")


def ladder(end: datetime = END) -> Ladder:
    return Ladder(end - 14 * DAY, end, (7, 3, 1), UTC, 9)


@pytest.mark.parametrize(
    ("collected_by", "cancel_at_period_end", "step"),
    [
        ("manual", False, End(Cause.TRIAL_ENDED)),
        ("manual", True, End(Cause.CANCELED)),
        ("local", False, Leave("its first charge decides how it ends")),
        ("local", True, End(Cause.CANCELED)),
        ("provider", False, Leave("the provider decides how it ends")),
        ("provider", True, Leave("the provider decides how it ends")),
    ],
)
def test_who_collects_decides_how_a_trial_ends(
    collected_by: str, cancel_at_period_end: bool, step: End | Leave
) -> None:
    trial = Trial(END, collected_by, cancel_at_period_end)

    assert ending(trial) == step
    assert next_step(trial, ladder(), END) == step


@given(owner=st.sampled_from(OWNERS), canceled=st.booleans(), minutes=st.integers(-15 * 1440, 1440))
def test_a_trial_ends_at_its_end_and_is_reminded_before_it(owner: str, canceled: bool, minutes: int) -> None:
    now = END + timedelta(minutes=minutes)

    step = next_step(Trial(END, owner, canceled), ladder(), now)

    assert isinstance(step, (End, Leave)) == (now >= END)
    if isinstance(step, Remind):
        assert not canceled
        assert now <= step.reminder.send_at < END
        assert step.then is None or now < step.then < END
    if isinstance(step, Wait):
        assert step.until is None or now < step.until


@pytest.mark.parametrize("hour", [0, 9, 23])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Asia/Tokyo", "UTC", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("year", [1, 9999])
def test_an_end_at_the_edge_of_the_calendar_is_no_error(year: int, zone: str, hour: int) -> None:
    from zoneinfo import ZoneInfo

    edge = datetime(year, 12, 31, 23, 59, tzinfo=UTC) if year == 9999 else datetime(year, 1, 10, tzinfo=UTC)
    far = Ladder(edge - 5 * DAY, edge, (3, 1), ZoneInfo(zone), hour)

    for now in (edge - 4 * DAY, edge - DAY / 2, edge - timedelta(minutes=1)):
        assert isinstance(next_step(Trial(edge, "manual", False), far, now), (Remind, Wait))
