from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from flask_subscription_ops import SubscriptionOps
from flask_subscription_ops.actions.change import Change, apply
from flask_subscription_ops.actions.context import context_of
from flask_subscription_ops.actions.effects import drop
from flask_subscription_ops.domain.states import Cause
from flask_subscription_ops.errors import IllegalTransition, InvalidInput, NaiveDatetime
from flask_subscription_ops.models import AuditEntry, OutboxMessage, Subscription

from ..hosts import NOON, Host, days

END = NOON + days(9)
VERBS: dict[str, Callable[[SubscriptionOps, Subscription], None]] = {
    "cancel": lambda subs, one: subs.cancel(one),
    "cancel now": lambda subs, one: subs.cancel(one, at_period_end=False),
    "resume": lambda subs, one: subs.resume(one),
    "pause": lambda subs, one: subs.pause(one),
    "unpause": lambda subs, one: subs.unpause(one),
    "extend_trial": lambda subs, one: subs.extend_trial(one, days=3),
}
STATUSES = ("trialing", "active", "grace", "suspended", "paused", "expired", "canceled")
# What each verb makes of each status it may be used in; "kept": nothing changes, and that is no error.
OUTCOMES: dict[str, dict[str, str]] = {
    "cancel": {"trialing": "trialing", "active": "active", **dict.fromkeys(STATUSES[2:6], "canceled")},
    "cancel now": dict.fromkeys(STATUSES[:6], "canceled"),
    "resume": {"trialing": "kept", "active": "kept"},
    "pause": {"active": "paused"},
    "unpause": {"paused": "active"},
    "extend_trial": {"trialing": "trialing"},
}
ALLOWED = [(verb, status) for verb in VERBS for status in OUTCOMES[verb]]
REFUSED = [(verb, status) for verb in VERBS for status in STATUSES if status not in OUTCOMES[verb]]


def moved_in(host: Host, status: str) -> Subscription:
    """Return a committed subscription in this status, of account 7."""
    host.at(NOON)
    ends = {"period_end": END, **({"trial_ends_at": END} if status == "trialing" else {})}
    subscription = Subscription(account_id="7", plan="pro", status=status, **ends)
    host.db.session.add(subscription)
    host.db.session.commit()
    return subscription


def entries(host: Host) -> list[dict[str, Any]]:
    host.db.session.rollback()
    return [entry.to_dict() for entry in host.db.session.query(AuditEntry).order_by(AuditEntry.id)]


def reminder(host: Host) -> tuple[object, ...]:
    """Return the state of the first reminder of account 7, and when it was finished."""
    host.db.session.rollback()
    columns = host.db.session.query(OutboxMessage.state, OutboxMessage.done_at)
    return tuple(columns.filter_by(effect_key="trial-reminder:sub-1:2026-12-15:7").one())


@pytest.mark.parametrize(("verb", "status"), ALLOWED)
def test_a_verb_changes_what_it_may_with_one_audit_entry_and_one_version(
    sqlite_host: Host, verb: str, status: str
) -> None:
    subscription = moved_in(sqlite_host, status)

    VERBS[verb](sqlite_host.subs, subscription)
    sqlite_host.db.session.commit()

    outcome = OUTCOMES[verb][status]
    written = 0 if outcome == "kept" else 1
    found = sqlite_host.reload(subscription)
    assert found.status == (status if outcome == "kept" else outcome)
    assert found.version == 1 + written
    assert [(entry["version"], entry["from"], entry["to"]) for entry in entries(sqlite_host)][1:] == [
        (2, status, outcome)
    ][:written]


@pytest.mark.parametrize(("verb", "status"), REFUSED)
def test_a_verb_that_does_not_fit_the_status_is_refused_before_anything_is_written(
    sqlite_host: Host, verb: str, status: str, rows: Callable[[Host], Any]
) -> None:
    subscription = moved_in(sqlite_host, status)
    before = rows(sqlite_host)

    with pytest.raises(IllegalTransition, match=f"sub-{subscription.id} is {status}, "):
        VERBS[verb](sqlite_host.subs, subscription)
    sqlite_host.db.session.commit()

    found = sqlite_host.reload(subscription)
    assert (found.status, found.version, found.period_end) == (status, 1, END)
    assert rows(sqlite_host) == before


def test_a_life_by_hand_is_told_by_its_audit_and_its_effects(host: Host) -> None:
    trial = host.trial("7")
    host.subs.extend_trial(trial, days=3)
    host.subs.subscribe("7", "pro")
    host.subs.pause(trial)
    host.db.session.commit()
    host.at(NOON + days(1))
    host.subs.unpause(trial)
    host.subs.cancel(trial, reason="too dear")
    host.subs.resume(trial)
    host.subs.cancel(trial, at_period_end=False, reason="sold the company")
    host.db.session.commit()

    assert [(entry["version"], entry["from"], entry["to"], entry["cause"]) for entry in entries(host)] == [
        (1, None, "trialing", "trial_started"),
        (2, "trialing", "trialing", "trial_extended"),
        (3, "trialing", "active", "subscribed"),
        (4, "active", "paused", "paused"),
        (5, "paused", "active", "unpaused"),
        (6, "active", "active", "cancel_scheduled"),
        (7, "active", "active", "cancel_withdrawn"),
        (8, "active", "canceled", "canceled"),
    ]
    assert list(host.effects()) == [
        f"trial-started:sub-{trial.id}:2026-12-15",
        f"subscribed:sub-{trial.id}:3",
        f"suspend-workspaces:sub-{trial.id}:4",
        f"resume-workspaces:sub-{trial.id}:5",
        f"canceled:sub-{trial.id}:8",
        f"suspend-workspaces:sub-{trial.id}:8",
    ]


def test_an_entry_tells_when_who_and_why(host: Host) -> None:
    trial = host.trial("7")
    host.at(NOON + days(1))
    host.subs.cancel(trial, at_period_end=False, reason="sold the company")
    host.db.session.commit()

    entry = entries(host)[-1]

    assert entry == {
        "id": entry["id"],
        "at": NOON + days(1),
        "account": "7",
        "subscription": trial.id,
        "version": 2,
        "from": "trialing",
        "to": "canceled",
        "cause": "canceled",
        "actor": "app",
        "run": None,
        "details": {"reason": "sold the company", "before": {"ended_at": None, "status": "trialing"}},
    }


def test_a_scheduled_cancel_keeps_access_and_can_be_taken_back(host: Host) -> None:
    trial = host.trial("7")

    host.subs.cancel(trial)
    host.subs.cancel(trial)
    assert (trial.status, trial.cancel_at_period_end) == ("trialing", True)
    assert host.subs.has_access("7")

    host.subs.resume(trial)
    host.subs.resume(trial)
    host.db.session.commit()
    assert not host.reload(trial).cancel_at_period_end
    assert [cause for _, _, cause in host.audit()] == ["trial_started", "cancel_scheduled", "cancel_withdrawn"]


def test_a_cancel_at_once_ends_access_for_good(host: Host) -> None:
    trial = host.trial("7")

    host.subs.cancel(trial, at_period_end=False)
    host.db.session.commit()

    found = host.reload(trial)
    assert (found.status, found.ended_at, found.live) == ("canceled", NOON, None)
    assert not host.subs.has_access("7")


def test_what_an_entry_held_before_names_every_column_that_changed_and_no_payer(host: Host) -> None:
    host.trial("7", days=10, payment_method="pm_first")
    host.at(NOON + days(1))

    host.subs.subscribe("7", "pro", payment_method="pm_second")
    host.db.session.commit()

    assert entries(host)[-1]["details"]["before"] == {
        "anchor": "2026-12-01T12:00:00Z",
        "payment_method": "changed",
        "period_end": None,
        "period_start": "2026-12-01T12:00:00Z",
        "status": "trialing",
    }


def test_the_audit_names_who_acts(host: Host) -> None:
    trial = host.trial("7")

    with host.subs.acting_as("alice"):
        host.subs.extend_trial(trial, days=1)
        with host.subs.acting_as("bob"):
            host.subs.cancel(trial)
        host.subs.resume(trial)
        host.db.session.add(Subscription(account_id="8", plan="pro", period_end=NOON + days(30)))
        host.db.session.flush()
    host.subs.extend_trial(trial, days=1)
    host.db.session.commit()

    assert [entry["actor"] for entry in entries(host)] == ["app", "alice", "bob", "alice", "alice", "app"]


@pytest.mark.parametrize("name", ["", "x" * 256, "a\nb", None, 7])
def test_an_actor_is_a_short_printable_name(sqlite_host: Host, name: Any) -> None:
    with pytest.raises(InvalidInput, match="an actor's name must be"), sqlite_host.subs.acting_as(name):
        raise AssertionError("nobody acts under such a name")


def test_a_superseded_reminder_waits_again_once_the_cancellation_is_withdrawn(host: Host) -> None:
    trial = host.trial("7")
    host.check(NOON + days(7), deliver=False)
    host.subs.cancel(trial)
    host.db.session.commit()
    host.deliver(NOON + days(7))
    assert reminder(host) == ("superseded", NOON + days(7))

    host.subs.resume(trial)
    host.db.session.commit()

    assert reminder(host) == ("pending", None)


def test_a_dropped_reminder_does_not_come_back_with_a_withdrawn_cancellation(host: Host) -> None:
    trial = host.trial("7")
    host.check(NOON + days(7), deliver=False)
    with host.subs.runtime.writing() as session:
        drop(context_of(host.subs.runtime, session), ["trial-reminder:sub-1:2026-12-15:7"])

    host.subs.cancel(trial)
    host.subs.resume(trial)
    host.db.session.commit()

    assert host.effects()["trial-reminder:sub-1:2026-12-15:7"] == "dropped"


def test_details_may_be_called_like_anything(host: Host) -> None:
    trial = host.trial("7")
    details = dict.fromkeys(("kind", "subscription", "due_at", "steps", "details", "key", "before"), "as it was given")

    with host.subs.runtime.writing() as session:
        found = session.get_one(Subscription, trial.id)
        apply(context_of(host.subs.runtime, session), [Change(found, Cause.CANCELED, details=details)])

    host.db.session.rollback()
    canceled = host.db.session.query(OutboxMessage).filter_by(kind="canceled").one()
    assert details.items() <= canceled.details.items()


def test_a_pause_keeps_when_it_began(host: Host) -> None:
    host.at(NOON)
    paid = host.subs.subscribe("7", "pro")
    host.subs.pause(paid)
    host.db.session.commit()
    assert host.reload(paid).paused_at == NOON

    host.subs.unpause(paid)
    host.db.session.commit()

    assert host.reload(paid).paused_at is None


def test_an_extension_moves_the_planned_end_and_says_from_where(host: Host) -> None:
    trial = host.trial("7", days=14)
    host.at(NOON + days(10))

    host.subs.extend_trial(trial, days=7)
    host.db.session.commit()

    assert host.reload(trial).trial_ends_at == NOON + days(21)
    assert entries(host)[-1]["details"] == {
        "days": 7,
        "from": "2026-12-15T12:00:00Z",
        "before": {"trial_ends_at": "2026-12-15T12:00:00Z"},
    }


def test_an_extension_arms_the_reminders_anew(host: Host) -> None:
    trial = host.trial("7", days=14)
    for day in (7, 11, 13):
        host.check(NOON + days(day), deliver=False)
    host.subs.extend_trial(trial, days=14)
    host.db.session.commit()

    for day in (14, 21, 25, 27, 28):
        host.check(NOON + days(day), deliver=False)

    reminders = [key.split(":", 2)[2] for key in host.effects() if key.startswith("trial-reminder")]
    assert reminders == [f"{end}:{lead}" for end in ("2026-12-15", "2026-12-29") for lead in (7, 3, 1)]


@pytest.mark.parametrize("number", [0, -3, 1.5, "3", None, True, 3651])
def test_a_trial_is_extended_by_whole_days_only(sqlite_host: Host, number: Any) -> None:
    trial = sqlite_host.trial("7")

    with pytest.raises(InvalidInput, match="days must be a whole number"):
        sqlite_host.subs.extend_trial(trial, days=number)


@pytest.mark.parametrize("verb", VERBS)
def test_a_rollback_takes_a_change_back_with_its_audit_and_effects(
    host: Host, verb: str, rows: Callable[[Host], Any]
) -> None:
    status = next(iter(OUTCOMES[verb]))
    subscription = moved_in(host, status)
    before = rows(host)

    VERBS[verb](host.subs, subscription)
    host.db.session.rollback()

    found = host.reload(subscription)
    assert (found.status, found.version, found.cancel_at_period_end) == (status, 1, False)
    assert (found.trial_ends_at or found.period_end) == END
    assert rows(host) == before


def test_a_change_sees_what_another_session_committed_meanwhile(host: Host) -> None:
    term = moved_in(host, "active")
    assert term.status == "active"
    host.db.session.commit()
    with host.subs.runtime.writing() as other:
        found = other.get_one(Subscription, term.id)
        found.status = "canceled"

    with pytest.raises(IllegalTransition, match="is canceled"):
        host.subs.pause(term)


def test_a_host_without_workspaces_has_none_stopped(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(without=["suspend_workspaces"])
    trial = host.trial("7")

    host.subs.cancel(trial, at_period_end=False)
    host.db.session.commit()

    assert [key.split(":")[0] for key in host.effects()] == ["trial-started", "canceled"]


@pytest.mark.parametrize("thing", [None, "7", 7])
def test_what_is_no_subscription_is_refused(sqlite_host: Host, thing: Any) -> None:
    with pytest.raises(InvalidInput, match="a Subscription is needed"):
        sqlite_host.subs.cancel(thing)


def test_a_subscription_of_another_session_is_refused(sqlite_host: Host) -> None:
    sqlite_host.trial("7")
    with sqlite_host.subs.runtime.reading() as other:
        foreign = other.query(Subscription).one()

        with pytest.raises(InvalidInput, match="belongs to another session; look it up again"):
            sqlite_host.subs.cancel(foreign)


def test_a_naive_as_of_is_refused(sqlite_host: Host) -> None:
    with pytest.raises(NaiveDatetime, match="as_of 2026-12-01T12:00:00 has no zone"):
        sqlite_host.check(datetime(2026, 12, 1, 12))  # noqa: DTZ001  # the point
