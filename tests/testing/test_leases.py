from __future__ import annotations

import pytest

from flask_subscription_ops.testing import end_leases, scripted_transport

from ..hosts import NOON, Host, days


def test_what_a_kill_left_in_flight_is_taken_up_at_once(host: Host) -> None:
    host.trial()
    with scripted_transport(host.app, KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
        host.deliver(NOON)

    host.deliver(NOON + days(1))
    while_leased = host.kinds[:]
    ended = end_leases(host.app)
    host.deliver(NOON + days(1))

    assert (while_leased, ended, host.kinds) == ([], 1, ["trial_started"])


def test_each_lease_is_ended_once(host: Host) -> None:
    for number in "123":
        host.trial(number)
    with scripted_transport(host.app, KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
        host.deliver(NOON)

    assert [end_leases(host.app), end_leases(host.app)] == [1, 0]


def test_what_is_not_in_flight_is_left_alone(host: Host) -> None:
    host.trial()
    before = host.effects()

    assert (end_leases(host.app), host.effects()) == (0, before)
