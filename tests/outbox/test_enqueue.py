from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from flask_subscription_ops.models import OutboxMessage, Subscription
from flask_subscription_ops.outbox.effects import email
from flask_subscription_ops.outbox.enqueue import enqueue

from ..hosts import NOON, Host, days


def test_of_eight_that_queue_the_same_effect_at_once_one_does(host: Host) -> None:
    trial = host.trial()
    effect = email("trial_reminder", trial, NOON, steps=(7,))

    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(lambda _: _queue(host, [effect]), range(8)))

    assert sorted(map(len, new)) == [0] * 7 + [1]
    assert list(host.effects()) == ["trial-started:sub-1:2026-12-15", "trial-reminder:sub-1:2026-12-15:7"]


def test_queueing_tells_which_effects_are_new_in_their_order(host: Host) -> None:
    trial = host.trial()
    three, one, seven = (email("trial_reminder", trial, NOON, steps=(n,)) for n in (3, 1, 7))
    _queue(host, [one])

    new = _queue(host, [seven, one, three])

    assert new == [seven.key, three.key]


def test_a_rolled_back_change_leaves_no_effect(host: Host) -> None:
    host.subs.start_trial("1", "pro")
    host.db.session.rollback()

    assert host.effects() == {}


def test_an_effect_is_due_from_the_instant_it_names(sqlite_host: Host) -> None:
    trial = sqlite_host.trial()

    _queue(sqlite_host, [email("trial_reminder", trial, NOON + days(2), steps=(7,))])

    message = sqlite_host.db.session.query(OutboxMessage).filter_by(kind="trial_reminder").one()
    assert (message.due_at, message.created_at) == (NOON + days(2), NOON)


@pytest.mark.parametrize("names", [("İstanbul",), ("a'; DROP TABLE subs_outbox; --",), ("Müller", "muller")])
def test_accounts_are_told_apart_by_every_character(host: Host, names: tuple[str, ...]) -> None:
    for name in (*names, *(name.upper() for name in names)):
        host.trial(name)

    found = {message.account_id for message in host.db.session.query(OutboxMessage)}

    assert found == {*names, *(name.upper() for name in names)}
    assert host.db.session.query(Subscription).count() == 2 * len(names)


def _queue(host: Host, effects: list) -> list[str]:
    with host.app.app_context():
        return [effect.key for effect in host.subs.runtime.in_transaction(lambda s: enqueue(s, effects, NOON))]
