"""Refusals that nothing contradicts are not believed: rather the other side is at fault than everybody at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from flask_subscription_ops.errors import PermanentFailure
from flask_subscription_ops.models import OutboxMessage
from flask_subscription_ops.testing import Reply, Verdict

from ..hosts import NOON, Host
from .outsides import email, operation

LATER = NOON + timedelta(hours=1)
BELIEVED = 20  # refusals: the default of SUBS_BRAKE_MIN
REASON = "there is no such page"


@dataclass
class Side:
    """The other side of a channel, which says no to everything once it has done a few."""

    queue: Callable[[Host, str, datetime], None]
    refuse: Callable[[Host, int], None]


def _mail_server(host: Host, done: int) -> None:
    host.script(Reply(Verdict.REFUSED, REASON)).script.extend([Verdict.ACCEPTED] * done)


def _provisioner(host: Host, done: int) -> None:
    answered: list[str] = []

    def suspend(account_id: str, operation: Any) -> None:
        answered.append(account_id)
        if len(answered) > done:
            raise PermanentFailure(REASON)

    host.subs.suspend_workspaces(suspend)


SIDES = {"mail server": Side(email, _mail_server), "provisioner": Side(operation, _provisioner)}


@pytest.fixture(params=SIDES)
def side(request: pytest.FixtureRequest) -> Side:
    return SIDES[request.param]


def test_where_everything_is_refused_most_are_tried_again_and_a_human_is_called(host: Host, side: Side) -> None:
    _queue(host, side, BELIEVED + 5)
    side.refuse(host, 0)

    run = host.deliver(LATER)

    assert _states(host) == {"dead": BELIEVED, "pending": 5}
    assert (run.outcome.exit_code, len(run.failures)) == (1, BELIEVED + 5)
    assert all(REASON in failure["error"] for failure in run.failures)


def test_what_was_refused_with_everything_else_goes_when_the_fault_is_mended(host: Host, side: Side) -> None:
    _queue(host, side, BELIEVED + 5)
    side.refuse(host, 0)
    host.deliver(LATER)
    side.refuse(host, BELIEVED + 5)

    host.deliver(LATER + timedelta(hours=1))

    assert _states(host) == {"dead": BELIEVED, "done": 5}


@pytest.mark.parametrize(("effects", "done"), [(BELIEVED, 0), (BELIEVED + 5, 1)])
def test_a_refusal_is_final_where_they_are_few_or_something_else_was_done(
    host: Host, side: Side, effects: int, done: int
) -> None:
    _queue(host, side, effects)
    side.refuse(host, done)

    host.deliver(LATER)

    assert _states(host) == Counter(dead=effects - done, done=done)


def test_one_channel_says_nothing_about_another(sqlite_host: Host) -> None:
    _queue(sqlite_host, SIDES["provisioner"], BELIEVED + 5)
    _provisioner(sqlite_host, 0)

    run = sqlite_host.deliver(LATER)

    assert run.tally.delivered == {"subscribed": BELIEVED + 5}
    assert _states(sqlite_host) == {"dead": BELIEVED, "pending": 5}


def test_what_is_refused_with_everything_else_is_dead_after_its_last_try(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(SUBS_BRAKE_MIN=0, SUBS_MAX_ATTEMPTS=2)
    _queue(host, SIDES["provisioner"], 3)
    _provisioner(host, 0)

    states = [_states(host) for day in range(1, 3) if host.deliver(NOON + timedelta(days=day))]

    assert states == [{"pending": 3}, {"dead": 3}]


def _queue(host: Host, side: Side, effects: int) -> None:
    for number in range(effects):
        side.queue(host, str(number), NOON)


def _states(host: Host) -> Counter[str]:
    host.db.session.rollback()
    channel = OutboxMessage.channel
    operations = host.db.session.query(OutboxMessage).filter(channel == "workspaces").all()
    return Counter(message.state for message in operations or host.db.session.query(OutboxMessage))
