from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from flask_subscription_ops import Contact
from flask_subscription_ops.domain.states import Cause
from flask_subscription_ops.domain.trials import End, Trial, ending
from flask_subscription_ops.models import OutboxMessage, Subscription

from ..hosts import NOON, Host, days

UTC = timezone.utc
A_MINUTE = timedelta(minutes=1)
EVENTFUL = (0, 7, 11, 13, 14, 15)  # days on which something is due, and one after them
LIFE = ["trial_started", "trial_reminder", "trial_reminder", "trial_reminder", "trial_expired"]


def test_a_trial_is_reminded_expired_and_its_workspaces_stopped(host: Host) -> None:
    trial = host.trial("7")

    for day in range(16):
        host.check(NOON + days(day))

    assert host.kinds == LIFE
    assert host.stopped == ["7"]
    assert host.reload(trial).status == "expired"
    assert host.audit() == [(None, "trialing", "trial_started"), ("trialing", "expired", "trial_ended")]


def test_effect_keys_are_made_of_business_facts(sqlite_host: Host) -> None:
    sqlite_host.trial()

    for day in EVENTFUL:
        sqlite_host.check(NOON + days(day))

    assert list(sqlite_host.effects()) == [
        "trial-started:sub-1:2026-12-15",
        "trial-reminder:sub-1:2026-12-15:7",
        "trial-reminder:sub-1:2026-12-15:3",
        "trial-reminder:sub-1:2026-12-15:1",
        "trial-expired:sub-1:2026-12-15",
        "suspend-workspaces:sub-1:2",
    ]
    assert [(email.key, email.headers["X-Subs-Effect"]) for email in sqlite_host.subs.mailbox] == [
        (key, key) for key in sqlite_host.effects() if not key.startswith("suspend")
    ]


@pytest.mark.parametrize("collected_by", ["manual", "local", "provider"])
@pytest.mark.parametrize("cancel_at_period_end", [False, True])
def test_the_database_finds_every_trial_that_is_to_end_and_a_run_ends_no_other(
    host: Host, collected_by: str, cancel_at_period_end: bool
) -> None:
    owner = {"collected_by": collected_by, "cancel_at_period_end": cancel_at_period_end}
    host.at(NOON)
    moved_in = Subscription(account_id="7", plan="pro", status="trialing", trial_ends_at=NOON + days(3), **owner)
    host.db.session.add(moved_in)
    host.db.session.commit()

    report = host.check(NOON + days(3))

    step = ending(Trial(NOON + days(3), collected_by, cancel_at_period_end))
    expected = {Cause.TRIAL_ENDED: "expired", Cause.CANCELED: "canceled"}
    status = expected[step.cause] if isinstance(step, End) else "trialing"
    assert (host.reload(moved_in).status, report.changed) == (status, int(isinstance(step, End)))
    assert host.stopped == (["7"] if isinstance(step, End) else [])


def test_a_trial_without_an_end_in_sight_is_left_alone(sqlite_host: Host) -> None:
    sqlite_host.known["7"] = Contact("a@b.example", timezone="Asia/Tokyo")
    never = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    sqlite_host.at(NOON)
    sqlite_host.db.session.add(Subscription(account_id="7", plan="pro", status="trialing", trial_ends_at=never))
    sqlite_host.db.session.commit()

    report = sqlite_host.check(NOON + days(20))

    assert (report.outcome, report.failures, report.changed) == ("ok", [], 0)


@pytest.mark.parametrize(
    ("zone", "reminders"),
    [
        ("UTC", ["2026-12-08T09:00Z", "2026-12-12T09:00Z", "2026-12-14T09:00Z"]),
        ("Europe/Berlin", ["2026-12-08T08:00Z", "2026-12-12T08:00Z", "2026-12-14T08:00Z"]),
        ("America/Los_Angeles", ["2026-12-08T17:00Z", "2026-12-12T17:00Z", "2026-12-14T17:00Z"]),
        ("Asia/Kathmandu", ["2026-12-08T03:15Z", "2026-12-12T03:15Z", "2026-12-14T03:15Z"]),
        # Noon on the 15th in UTC is the 16th there, and the 7th's evening is the 8th's morning.
        ("Pacific/Kiritimati", ["2026-12-08T19:00Z", "2026-12-12T19:00Z", "2026-12-14T19:00Z"]),
        ("Pacific/Pago_Pago", ["2026-12-08T20:00Z", "2026-12-12T20:00Z", "2026-12-14T20:00Z"]),
    ],
)
def test_reminders_go_at_nine_in_the_contacts_zone(sqlite_host: Host, zone: str, reminders: list[str]) -> None:
    sqlite_host.known["1"] = Contact("a@b.example", timezone=zone)
    sqlite_host.trial()
    sqlite_host.deliver(NOON)

    for sent, reminder in enumerate(map(_instant, reminders), start=1):
        sqlite_host.check(reminder - A_MINUTE)
        assert sqlite_host.kinds.count("trial_reminder") == sent - 1
        sqlite_host.check(reminder)
        assert sqlite_host.kinds.count("trial_reminder") == sent


def test_reminders_stay_at_nine_when_the_clocks_change(sqlite_host: Host) -> None:
    sqlite_host.known["1"] = Contact("a@b.example", timezone="Europe/Berlin")
    sqlite_host.trial(begun=_instant("2027-03-20T12:00Z"))
    sqlite_host.deliver(_instant("2027-03-20T12:00Z"))

    hours = [_instant("2027-03-27T00:00Z") + timedelta(hours=hour) for hour in range(24 * 6 + 12)]
    sent = []
    for now in hours:
        before = len(sqlite_host.kinds)
        sqlite_host.check(now)
        sent += [now] * (len(sqlite_host.kinds) - before)

    assert sent == [_instant(f"2027-{at}Z") for at in ("03-27T08:00", "03-31T07:00", "04-02T07:00")]


@pytest.mark.parametrize(
    ("run_on", "expected"),
    [
        ([7, 11, 13, 14], [7, 3, 1]),
        ([8, 11, 13, 14], [7, 3, 1]),  # the seventh day was missed
        ([7, 12, 13, 14], [7, 3, 1]),
        ([7, 10, 13, 14], [7, 1]),  # three days were missed, with one reminder among them
        ([6, 13, 14], [1]),
        ([3, 13, 14], [1]),  # ten days
        ([3, 12, 14], [3]),
        ([5, 15], []),  # ten days, and the end among them
        ([15], []),
        ([400], []),
    ],
)
def test_missed_days_collapse_into_the_most_urgent_reminder(
    sqlite_host: Host, run_on: list[int], expected: list[int]
) -> None:
    trial = sqlite_host.trial()
    sqlite_host.deliver(NOON)

    for day in run_on:
        sqlite_host.check(NOON + days(day))

    steps = [int(key.rpartition(":")[2]) for key in sqlite_host.effects() if key.startswith("trial-reminder")]
    assert steps == expected
    assert sqlite_host.kinds == ["trial_started", *["trial_reminder"] * len(expected), "trial_expired"]
    assert (sqlite_host.stopped, sqlite_host.reload(trial).status) == (["1"], "expired")


def test_a_reminder_found_at_night_waits_for_the_morning(sqlite_host: Host) -> None:
    sqlite_host.known["1"] = Contact("a@b.example", timezone="Asia/Tokyo")
    sqlite_host.trial()
    sqlite_host.deliver(NOON)
    three_in_the_morning = _instant("2026-12-08T18:00Z")

    for minutes in (0, 180, 359):
        sqlite_host.check(three_in_the_morning + timedelta(minutes=minutes))
        assert sqlite_host.kinds == ["trial_started"]
    sqlite_host.deliver(three_in_the_morning + timedelta(hours=6))

    assert sqlite_host.kinds == ["trial_started", "trial_reminder"]


def test_a_reminder_found_in_the_evening_goes_at_once(sqlite_host: Host) -> None:
    sqlite_host.trial()
    sqlite_host.deliver(NOON)

    sqlite_host.check(_instant("2026-12-08T23:59Z"))

    assert sqlite_host.kinds == ["trial_started", "trial_reminder"]


def test_three_hundred_runs_over_one_day_send_each_email_once(sqlite_host: Host) -> None:
    ending = {"ends": 0, "tomorrow": 1, "three": 3, "seven": 7, "ten": 10}
    for account_id, left in ending.items():
        sqlite_host.trial(account_id, begun=NOON + days(left))
    sqlite_host.check(NOON + days(13))
    sqlite_host.subs.mailbox.clear()
    midnight = _instant("2026-12-15T00:00Z")

    for run in range(300):
        sqlite_host.check(midnight + run * timedelta(days=1) / 300)

    assert sorted((email.kind, email.recipient) for email in sqlite_host.subs.mailbox) == [
        ("trial_expired", "owner-ends@customer.example"),
        ("trial_reminder", "owner-seven@customer.example"),
        ("trial_reminder", "owner-three@customer.example"),
        ("trial_reminder", "owner-tomorrow@customer.example"),
    ]
    assert sqlite_host.stopped == ["ends"]


def test_an_extended_trial_is_reminded_anew(sqlite_host: Host) -> None:
    trial = sqlite_host.trial()
    for day in range(14):
        sqlite_host.check(NOON + days(day))

    sqlite_host.at(NOON + days(13))
    sqlite_host.subs.extend_trial(trial, days=10)
    sqlite_host.db.session.commit()
    for day in range(13, 26):
        sqlite_host.check(NOON + days(day))

    assert [key for key in sqlite_host.effects() if key.startswith("trial-reminder")] == [
        *(f"trial-reminder:sub-1:2026-12-15:{step}" for step in (7, 3, 1)),
        *(f"trial-reminder:sub-1:2026-12-25:{step}" for step in (7, 3, 1)),
    ]
    assert set(sqlite_host.effects().values()) == {"done"}


def test_an_extension_of_one_day_does_not_repeat_what_was_said_yesterday(sqlite_host: Host) -> None:
    trial = sqlite_host.trial()
    for day in range(14):
        sqlite_host.check(NOON + days(day))

    sqlite_host.subs.extend_trial(trial, days=1)
    sqlite_host.db.session.commit()
    for day in range(14, 17):
        sqlite_host.check(NOON + days(day))

    assert sqlite_host.kinds == [*LIFE[:4], "trial_reminder", "trial_expired"]
    assert sqlite_host.subs.mailbox[-2].key == "trial-reminder:sub-1:2026-12-16:1"


@pytest.mark.parametrize(("length", "steps"), [(1, []), (2, [1]), (3, [1]), (5, [3, 1]), (7, [3, 1]), (8, [7, 3, 1])])
def test_no_reminder_is_longer_than_the_trial_itself(sqlite_host: Host, length: int, steps: list[int]) -> None:
    sqlite_host.trial(days=length)

    for hour in range(0, 24 * (length + 1), 12):
        sqlite_host.check(NOON + timedelta(hours=hour))

    reminders = [key for key in sqlite_host.effects() if key.startswith("trial-reminder")]
    assert [int(key.rpartition(":")[2]) for key in reminders] == steps
    assert sqlite_host.kinds[-1] == "trial_expired"


def test_a_trial_ends_at_its_instant_and_not_before(sqlite_host: Host) -> None:
    trial = sqlite_host.trial()

    sqlite_host.check(NOON + days(14) - timedelta(microseconds=1))
    before = sqlite_host.reload(trial).status
    sqlite_host.check(NOON + days(14))

    assert (before, sqlite_host.reload(trial).status) == ("trialing", "expired")
    assert trial.ended_at == NOON + days(14)


def test_a_trial_to_be_canceled_is_not_reminded_and_ends_as_canceled(sqlite_host: Host) -> None:
    trial = sqlite_host.trial()
    sqlite_host.subs.cancel(trial, at_period_end=True, reason="too dear")
    sqlite_host.db.session.commit()

    for day in EVENTFUL:
        sqlite_host.check(NOON + days(day))

    assert sqlite_host.kinds == ["trial_started", "canceled"]
    assert (sqlite_host.reload(trial).status, sqlite_host.stopped) == ("canceled", ["1"])
    assert [cause for _, _, cause in sqlite_host.audit()] == ["trial_started", "cancel_scheduled", "canceled"]


def test_a_withdrawn_cancellation_brings_the_reminders_back(sqlite_host: Host) -> None:
    trial = sqlite_host.trial()
    sqlite_host.subs.cancel(trial)
    sqlite_host.db.session.commit()
    for day in range(9):
        sqlite_host.check(NOON + days(day))

    sqlite_host.subs.resume(trial)
    sqlite_host.db.session.commit()
    for day in range(9, 16):
        sqlite_host.check(NOON + days(day))

    assert sqlite_host.kinds == LIFE
    assert [email.key.rpartition(":")[2] for email in sqlite_host.subs.mailbox][1:4] == ["7", "3", "1"]


def test_a_gone_accounts_workspaces_are_stopped_and_nobody_is_written_to(sqlite_host: Host) -> None:
    trial = sqlite_host.trial()
    sqlite_host.deliver(NOON)
    sqlite_host.known["1"] = None

    reports = [sqlite_host.check(NOON + days(day)) for day in range(1, 16)]

    assert sqlite_host.kinds == ["trial_started"]
    assert (sqlite_host.reload(trial).status, sqlite_host.stopped) == ("expired", ["1"])
    assert {report.outcome.exit_code for report in reports} == {0}
    assert sqlite_host.effects()["trial-expired:sub-1:2026-12-15"] == "superseded"


def test_a_trial_with_a_payment_method_is_left_to_be_charged(sqlite_host: Host) -> None:
    trial = sqlite_host.trial(payment_method="pm_1")

    for day in (*EVENTFUL, 20):
        sqlite_host.check(NOON + days(day))

    assert (sqlite_host.reload(trial).status, sqlite_host.stopped) == ("trialing", [])
    assert "trial_expired" not in sqlite_host.kinds


@pytest.mark.parametrize("act", ["subscribe", "cancel"])
def test_a_trial_that_has_become_something_else_is_left_alone(sqlite_host: Host, act: str) -> None:
    trial = sqlite_host.trial()
    if act == "subscribe":
        sqlite_host.subs.subscribe("1", "pro")
    else:
        sqlite_host.subs.cancel(trial, at_period_end=False)
    sqlite_host.db.session.commit()
    sqlite_host.deliver(NOON)
    status, emails, operations = trial.status, list(sqlite_host.kinds), list(sqlite_host.operations)

    for day in EVENTFUL:
        sqlite_host.check(NOON + days(day))

    assert (sqlite_host.reload(trial).status, sqlite_host.kinds, sqlite_host.operations) == (status, emails, operations)


def test_one_account_may_have_trials_of_several_products(sqlite_host: Host) -> None:
    for product in ("disk", "mail"):
        sqlite_host.trial("1", product=product)

    for day in EVENTFUL:
        sqlite_host.check(NOON + days(day))

    assert sorted(sqlite_host.kinds) == sorted(LIFE * 2)
    assert sorted(operation.product for _, _, operation in sqlite_host.operations) == ["disk", "mail"]


def test_a_plans_own_reminders_win_over_the_apps(make_on_sqlite: Callable[..., Host]) -> None:
    plan = {"price": 1, "currency": "EUR", "interval": "month", "policy": {"trial_reminder_days": (5, 2)}}
    host = make_on_sqlite(SUBS_PLANS={"pro": plan}, SUBS_SEND_HOUR=18)
    host.trial()
    host.deliver(NOON)

    for hour in range(6, 24 * 15, 12):
        host.check(NOON + timedelta(hours=hour))

    due = {m.effect_key: m.due_at for m in host.db.session.query(OutboxMessage) if m.kind == "trial_reminder"}
    assert due == {
        "trial-reminder:sub-1:2026-12-15:5": _instant("2026-12-10T18:00Z"),
        "trial-reminder:sub-1:2026-12-15:2": _instant("2026-12-13T18:00Z"),
    }


def test_trials_that_moved_in_are_reminded_and_ended_like_any_other(sqlite_host: Host) -> None:
    from flask_subscription_ops.models import Subscription

    sqlite_host.at(NOON)
    moved_in = Subscription(account_id="1", plan="pro", status="trialing", trial_ends_at=NOON + days(2))
    sqlite_host.db.session.add(moved_in)
    sqlite_host.db.session.commit()

    for day in range(4):
        sqlite_host.check(NOON + days(day))

    assert sqlite_host.kinds == ["trial_reminder", "trial_reminder", "trial_expired"]
    assert [key.rpartition(":")[2] for key in sqlite_host.effects()][:2] == ["3", "1"]
    assert sqlite_host.stopped == ["1"]


def test_what_was_queued_without_delivering_goes_with_the_next_delivery(sqlite_host: Host) -> None:
    sqlite_host.trial()

    report = sqlite_host.check(NOON + days(14), deliver=False)
    before = (list(sqlite_host.kinds), list(sqlite_host.operations))
    sqlite_host.deliver(NOON + days(14))

    assert report.to_dict()["effects"] == {
        "queued": {"trial_expired": 1, "suspend_workspaces": 1},
        "delivered": {},
        "failed": {},
    }
    assert before == ([], [])
    assert (sqlite_host.kinds, sqlite_host.stopped) == (["trial_expired"], ["1"])


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
