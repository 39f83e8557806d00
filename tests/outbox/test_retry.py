from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest

from flask_subscription_ops.domain.retry import backoff, jittered
from flask_subscription_ops.models import OutboxMessage
from flask_subscription_ops.signals import effect_failed
from flask_subscription_ops.testing import UNREACHABLE, Verdict, end_leases

from ..hosts import NOON, Host
from .waiting import HASTY

WELCOME = "trial-started:sub-1:2026-12-15"
A_MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize("answer", [Verdict.DEFERRED, Verdict.UNKNOWN])
def test_an_email_is_tried_again_exactly_when_its_wait_is_over(host: Host, answer: Verdict) -> None:
    host.trial()
    transport = host.script(answer)
    at = NOON

    for failures in range(1, 8):
        host.deliver(at - A_MOMENT)
        before = len(transport.handed_over)
        host.deliver(at)
        assert (before, len(transport.handed_over)) == (failures - 1, failures)
        at += jittered(backoff(failures), WELCOME)

    assert message(host).due_at == at


def test_the_waits_grow_from_a_minute_to_half_a_day(host: Host) -> None:
    host.trial()
    host.script(Verdict.DEFERRED)
    waits = []

    at = NOON
    for _ in range(7):
        host.deliver(at)
        waits.append(message(host).due_at - at)
        at = message(host).due_at

    assert waits == sorted(waits)
    assert timedelta(minutes=1) <= waits[0] <= timedelta(minutes=1.2)
    assert timedelta(hours=12) <= waits[-1] <= timedelta(hours=14.4)


def test_effects_that_failed_together_come_back_apart(host: Host) -> None:
    for number in range(6):
        host.trial(str(number))
    host.script(Verdict.DEFERRED)

    host.deliver(NOON)

    assert len({m.due_at for m in host.db.session.query(OutboxMessage)}) == 6


def test_an_effect_is_dead_after_as_many_tries_as_configured(make: Callable[..., Host]) -> None:
    host = make(SUBS_MAX_ATTEMPTS=3)
    host.trial()
    transport = host.script(Verdict.DEFERRED)

    outcomes = [host.deliver(NOON + timedelta(days=day)).outcome.value for day in range(5)]

    assert (message(host).state, message(host).attempts, len(transport.handed_over)) == ("dead", 3, 3)
    assert outcomes == ["ok", "ok", "partial", "ok", "ok"]  # only what is dead needs a human


def test_a_workspace_operation_that_never_succeeds_is_dead_in_the_end(make: Callable[..., Host]) -> None:
    host = make(SUBS_MAX_ATTEMPTS=2)
    _stop_workspaces(host)
    host.subs.suspend_workspaces(_refuse)

    for day in range(4):
        host.deliver(NOON + timedelta(days=day))

    assert host.effects()["suspend-workspaces:sub-1:2"] == "dead"


def test_a_workspace_operation_that_always_hangs_is_dead_in_the_end(make: Callable[..., Host]) -> None:
    host = make(**HASTY, SUBS_MAX_ATTEMPTS=2)
    _stop_workspaces(host)
    started: list[str] = []
    over = Event()
    host.subs.suspend_workspaces(_hanging(started, over))

    outcomes = []
    for day in range(4):
        outcomes.append(host.deliver(NOON + timedelta(days=day)).outcome.exit_code)
        end_leases(host.app)
    over.set()

    assert (host.effects()["suspend-workspaces:sub-1:2"], len(started)) == ("dead", 2)
    assert outcomes == [0, 0, 1, 0]  # cut off, cut off, given up, nothing to do


def test_each_failure_is_told_with_the_state_it_leads_to(make: Callable[..., Host]) -> None:
    host = make(SUBS_MAX_ATTEMPTS=2)
    host.trial()
    host.script(Verdict.DEFERRED)
    told: list[tuple[Any, dict[str, Any]]] = []

    def receive(app: Any, **facts: Any) -> None:
        told.append((app, facts))

    with effect_failed.connected_to(receive):
        host.deliver(NOON)
        host.deliver(NOON + timedelta(days=1))

    assert [app for app, _ in told] == [host.app, host.app]
    assert [facts["state"] for _, facts in told] == ["pending", "dead"]
    assert told[0][1] | {"state": ""} == {
        "effect_key": WELCOME,
        "kind": "trial_started",
        "account_id": "1",
        "state": "",
        "error": "was deferred",
    }


def test_a_failure_is_reported_with_its_key_and_its_error(host: Host) -> None:
    host.trial()
    host.script(Verdict.REFUSED)

    report = host.deliver(NOON).to_dict()

    assert report["failures"] == [{"subject": WELCOME, "error": "was refused"}]
    assert report["effects"] == {"queued": {}, "delivered": {}, "failed": {"trial_started": 1}}
    assert (report["failed"], report["deferred"]) == (0, 0)  # no subscription failed


def test_a_deferral_is_no_failure(host: Host) -> None:
    host.trial()
    host.script(Verdict.DEFERRED)

    report = host.deliver(NOON)

    assert (report.outcome.exit_code, report.failures, report.to_dict()["deferred"]) == (0, [], 1)
    assert report.to_dict()["effects"] == {
        "queued": {},
        "delivered": {},
        "failed": {},
        "deferred": {"trial_started": 1},
    }
    assert message(host).last_error == "was deferred"


def test_nothing_more_is_tried_in_a_run_whose_transport_is_unreachable(host: Host) -> None:
    for number in range(5):
        host.trial(str(number))
    transport = host.script(UNREACHABLE)

    report = host.deliver(NOON)

    assert len(transport.handed_over) == 1
    assert {(m.attempts, m.first_tried_at) for m in host.db.session.query(OutboxMessage)} == {(0, None)}
    assert (report.outcome.exit_code, report.deferred, report.failures) == (0, 5, [])


def test_a_refused_email_is_dead_at_once(host: Host) -> None:
    host.trial()
    transport = host.script(Verdict.REFUSED)

    host.deliver(NOON)
    host.deliver(NOON + timedelta(days=1))

    assert (message(host).state, len(transport.handed_over)) == ("dead", 1)


@pytest.mark.parametrize(
    ("answer", "state", "finished"),
    [
        (Verdict.ACCEPTED, "done", NOON),
        (Verdict.REFUSED, "dead", NOON),
        (Verdict.UNKNOWN, "held", NOON),
        (Verdict.DEFERRED, "pending", None),
        (UNREACHABLE, "pending", None),
    ],
)
def test_an_effect_tells_when_it_was_finished_and_only_then(
    make: Callable[..., Host], answer: Any, state: str, finished: datetime | None
) -> None:
    host = make(SUBS_EMAILS_AT_MOST_ONCE=("trial_started",))
    host.trial()
    host.script(answer)

    host.deliver(NOON)

    assert (message(host).state, message(host).done_at) == (state, finished)


@pytest.mark.parametrize(
    ("answer", "state"), [(Verdict.UNKNOWN, "held"), (Verdict.DEFERRED, "pending"), (Verdict.REFUSED, "dead")]
)
def test_what_may_go_at_most_once_is_held_when_its_outcome_is_unknown(
    make: Callable[..., Host], answer: Verdict, state: str
) -> None:
    host = make(SUBS_EMAILS_AT_MOST_ONCE=("trial_started",))
    host.trial()
    host.script(answer)

    host.deliver(NOON)

    assert message(host).state == state


def test_what_may_go_at_most_once_is_held_after_a_kill_during_its_sending(
    make: Callable[..., Host],
) -> None:
    host = make(SUBS_EMAILS_AT_MOST_ONCE=("trial_started",))
    host.trial()
    with pytest.raises(KeyboardInterrupt):
        _kill_while_sending(host)
    end_leases(host.app)
    transport = host.script()

    report = host.deliver(NOON)

    assert (message(host).state, transport.handed_over) == ("held", [])
    assert report.outcome.exit_code == 1


def test_any_other_email_is_sent_again_after_a_kill_during_its_sending(host: Host) -> None:
    host.trial()
    with pytest.raises(KeyboardInterrupt):
        _kill_while_sending(host)
    end_leases(host.app)
    transport = host.script()

    host.deliver(NOON + timedelta(days=1))

    assert (message(host).state, len(transport.handed_over)) == ("done", 1)
    assert transport.handed_over[0].date == NOON  # as the first time, so that the repeat is the same email


@pytest.mark.parametrize(
    ("accepted", "sent", "state"),
    [(None, 2, "done"), (True, 1, "done"), (False, 2, "done"), ("cannot tell", 1, "pending")],
    ids=["never tells", "was accepted", "was not", "cannot tell yet"],
)
def test_an_email_of_unknown_outcome_is_asked_about_before_it_is_repeated(
    host: Host, accepted: Any, sent: int, state: str
) -> None:
    host.trial()
    answers = {"cannot tell": {}, None: None}.get(accepted, {WELCOME: accepted})
    transport = host.script(Verdict.UNKNOWN, accepted_before=answers)
    host.deliver(NOON)

    transport.usually = Verdict.ACCEPTED
    host.deliver(NOON + timedelta(days=1))

    assert (len(transport.handed_over), message(host).state) == (sent, state)
    assert transport.asked == [WELCOME]


def message(host: Host) -> OutboxMessage:
    host.db.session.rollback()
    return host.db.session.query(OutboxMessage).populate_existing().one()


def _stop_workspaces(host: Host) -> None:
    host.at(NOON)
    subscription = host.subs.subscribe("1", "pro")
    host.subs.pause(subscription)
    host.db.session.commit()


def _refuse(account_id: str, operation: Any) -> None:
    raise RuntimeError("the hypervisor is away")


def _hanging(started: list[str], over: Event) -> Callable[[str, Any], None]:
    def hang(account_id: str, operation: Any) -> None:
        started.append(operation.id)
        over.wait(30)

    return hang


def _kill_while_sending(host: Host) -> None:
    host.script(KeyboardInterrupt())
    host.deliver(NOON)
