from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_subscription_ops.domain.reminders import Ladder, Reminder, days_between, earliest_look

UTC = timezone.utc
END = datetime(2026, 12, 15, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)

zones = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
lengths = st.timedeltas(timedelta(hours=1), timedelta(days=45))
ladders = st.builds(
    lambda start, length, leads, zone, hour: Ladder(start, start + length, tuple(leads), zone, hour),
    st.integers(0, 15 * 365 * 86_400).map(lambda second: utc(2020, 1, 1) + timedelta(seconds=second)),
    lengths,
    st.lists(st.integers(1, 50), max_size=6),
    zones,
    st.integers(0, 23),
)


def ladder(zone: str = "UTC", *, end: datetime = END, days: float = 14, send_hour: int = 9) -> Ladder:
    return Ladder(end - days * DAY, end, (7, 3, 1), ZoneInfo(zone), send_hour)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


@given(ladder=ladders, shares=st.lists(st.floats(-0.1, 1.2), min_size=1, max_size=30))
def test_however_often_it_is_asked_each_lead_comes_once_and_ever_more_urgent(
    ladder: Ladder, shares: list[float]
) -> None:
    told = [found.days for now in _instants(ladder, shares) if (found := ladder.due(now))]

    assert told == sorted(told, reverse=True)
    assert set(told) <= {days for days in ladder.leads if days * DAY < ladder.end - ladder.start}


@given(ladder=ladders, share=st.floats(-0.1, 1.2))
def test_a_reminder_goes_out_before_the_end_and_never_before_its_day_s_send_hour(ladder: Ladder, share: float) -> None:
    now = _instants(ladder, [share])[0]

    found = ladder.due(now)

    if found:
        local = found.send_at.astimezone(ladder.zone)
        assert now <= found.send_at < ladder.end
        assert local.hour >= ladder.send_hour
        assert local.date() == now.astimezone(ladder.zone).date()
        assert found.send_at == now or now.astimezone(ladder.zone).hour < ladder.send_hour


@given(ladder=ladders, share=st.floats(-0.1, 1.2))
def test_a_late_look_finds_exactly_the_most_urgent_lead_of_the_local_calendar(ladder: Ladder, share: float) -> None:
    now = _instants(ladder, [share])[0]

    found = ladder.due(now)

    reached = [days for days in _existing(ladder) if _wall(ladder, now) >= _planned(ladder, days)]
    if found is None:
        assert not reached or max(now, _send_hour_of_today(ladder, now)) >= ladder.end
    else:
        assert reached
        sent = _wall(ladder, found.send_at)
        assert found.days == min(days for days in _existing(ladder) if sent >= _planned(ladder, days))


@given(ladder=ladders, shares=st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_looking_only_when_the_last_look_said_so_misses_nothing(ladder: Ladder, shares: list[float]) -> None:
    eager, lazy = [], set()
    look: datetime | None = ladder.start - 99 * DAY
    for now in _instants(ladder, shares):
        found = ladder.due(now)
        if found:
            eager.append((found, now))
        if look is not None and look <= now:
            if found:
                lazy.add(found.days)
            look = ladder.next_after(found.send_at if found else now)

    # What was found in the night for the morning is found in the morning too.
    found_at_its_hour = {found.days for found, now in eager if found.send_at == now}
    assert found_at_its_hour <= lazy <= {found.days for found, _ in eager}


@given(ladder=ladders)
def test_the_earliest_look_is_never_later_than_a_reminder_in_any_zone(ladder: Ladder) -> None:
    look = earliest_look(ladder.start, ladder.end, ladder.leads, ladder.send_hour)

    due = [ladder.instant(days) for days in _existing(ladder)]
    assert (look is None) == (not due)
    assert look is None or look <= min(due)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC", "Asia/Kathmandu"])
def test_the_earliest_look_is_less_than_three_days_early(zone: str) -> None:
    trial = ladder(zone)

    look = earliest_look(trial.start, trial.end, trial.leads, trial.send_hour)

    assert look is not None
    assert trial.instant(7) - look < 3 * DAY


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        ("UTC", utc(2026, 12, 14, 9)),
        ("Pacific/Kiritimati", utc(2026, 12, 14, 19)),  # its end is on the 16th at 02:00
        ("Etc/GMT+12", utc(2026, 12, 14, 21)),  # its end is on the 15th at 00:00
        ("Asia/Kathmandu", utc(2026, 12, 14, 3, 15)),
        ("America/New_York", utc(2026, 12, 14, 14)),
    ],
)
def test_a_reminder_is_due_at_the_send_hour_of_the_contacts_own_day(zone: str, at: datetime) -> None:
    trial = ladder(zone)

    assert trial.due(at) == Reminder(1, at)
    assert trial.due(at - timedelta(seconds=1)) == Reminder(1, at)  # the one of 3 days was missed: it waits as well
    assert trial.instant(1) == at


@pytest.mark.parametrize(
    ("zone", "end", "send_hour", "at"),
    [
        ("Europe/Berlin", utc(2027, 3, 29, 12), 9, utc(2027, 3, 28, 7)),  # the day the clocks go forward
        ("Europe/Berlin", utc(2027, 3, 29, 12), 2, utc(2027, 3, 28, 1)),  # 02:00 does not exist: 03:00
        ("Europe/Berlin", utc(2027, 11, 1, 12), 9, utc(2027, 10, 31, 8)),  # the day they go back
        ("Europe/Berlin", utc(2027, 11, 1, 12), 2, utc(2027, 10, 31, 0)),  # 02:00 comes twice: the first
        ("America/Sao_Paulo", utc(2018, 11, 5, 12), 0, utc(2018, 11, 4, 3)),  # midnight does not exist: 01:00
    ],
)
def test_days_on_which_clocks_change_have_their_reminder_once(
    zone: str, end: datetime, send_hour: int, at: datetime
) -> None:
    trial = ladder(zone, end=end, send_hour=send_hour)

    assert trial.instant(1) == at


def test_a_missed_reminder_found_at_night_waits_for_the_send_hour() -> None:
    night = utc(2026, 12, 13, 2)

    assert ladder().due(night) == Reminder(3, utc(2026, 12, 13, 9))


def test_a_missed_reminder_found_by_day_goes_at_once() -> None:
    evening = utc(2026, 12, 12, 22, 31)

    assert ladder().due(evening) == Reminder(3, evening)


def test_a_look_before_the_send_hour_of_a_day_with_a_reminder_takes_that_one() -> None:
    assert ladder().due(utc(2026, 12, 14, 2)) == Reminder(1, utc(2026, 12, 14, 9))


def test_nothing_is_due_before_the_first_reminder() -> None:
    assert ladder().due(utc(2026, 12, 8, 8, 59, 59)) is None


def test_nothing_goes_out_at_or_after_the_end() -> None:
    assert ladder().due(END) is None
    assert ladder().due(END - timedelta(seconds=1)) == Reminder(1, END - timedelta(seconds=1))


def test_a_reminder_whose_send_hour_lies_behind_the_end_is_not_planned() -> None:
    trial = ladder(end=utc(2026, 12, 15, 8))

    assert trial.due(utc(2026, 12, 15, 7)) is None


@pytest.mark.parametrize(("length", "leads"), [(7.0, {3, 1}), (7.1, {7, 3, 1}), (3.0, {1}), (1.0, set()), (0.5, set())])
def test_a_reminder_exists_only_where_the_trial_is_longer_than_its_lead(length: float, leads: set[int]) -> None:
    trial = ladder(days=length)

    found = {reminder.days for hour in range(24 * 9) if (reminder := trial.due(END - timedelta(hours=hour)))}

    assert found == leads


def test_the_next_look_is_at_the_next_reminder_and_then_never_again() -> None:
    trial = ladder()

    assert trial.next_after(utc(2026, 12, 1)) == utc(2026, 12, 8, 9)
    assert trial.next_after(utc(2026, 12, 8, 9)) == utc(2026, 12, 12, 9)
    assert trial.next_after(utc(2026, 12, 14, 9)) is None


def test_a_reminder_is_overtaken_as_soon_as_a_more_urgent_one_is_due() -> None:
    trial = ladder()

    assert not trial.is_overtaken(3, utc(2026, 12, 14, 8, 59))
    assert trial.is_overtaken(3, utc(2026, 12, 14, 9))
    assert not trial.is_overtaken(1, END)


def test_a_moved_end_has_reminders_of_its_own() -> None:
    trial = ladder()

    moved = replace(trial, end=END + 7 * DAY)

    assert trial.due(utc(2026, 12, 14, 9)) == Reminder(1, utc(2026, 12, 14, 9))
    assert moved.due(utc(2026, 12, 14, 9)) is None
    assert moved.due(utc(2026, 12, 15, 9)) == Reminder(7, utc(2026, 12, 15, 9))


@pytest.mark.parametrize(
    ("now", "zone", "days"),
    [
        (utc(2026, 12, 14, 12), "UTC", 1),
        (utc(2026, 12, 14, 23, 59), "UTC", 1),
        (utc(2026, 12, 15, 0), "UTC", 0),
        (utc(2026, 12, 14, 11), "Pacific/Kiritimati", 1),
        (utc(2026, 12, 14, 9), "Pacific/Kiritimati", 2),
        (utc(2026, 12, 20), "UTC", 0),
    ],
)
def test_days_are_counted_in_the_contacts_calendar(now: datetime, zone: str, days: int) -> None:
    assert days_between(now, END, ZoneInfo(zone)) == days


def _instants(ladder: Ladder, shares: list[float]) -> list[datetime]:
    return sorted(ladder.start + (ladder.end - ladder.start) * share for share in shares)


def _existing(ladder: Ladder) -> list[int]:
    return [days for days in ladder.leads if days * DAY < ladder.end - ladder.start]


def _wall(ladder: Ladder, at: datetime) -> datetime:
    return at.astimezone(ladder.zone).replace(tzinfo=None)


def _planned(ladder: Ladder, days: int) -> datetime:
    day = ladder.end.astimezone(ladder.zone).date() - timedelta(days=days)
    return datetime.combine(day, time(ladder.send_hour))


def _send_hour_of_today(ladder: Ladder, now: datetime) -> datetime:
    return datetime.combine(now.astimezone(ladder.zone).date(), time(ladder.send_hour), ladder.zone)
