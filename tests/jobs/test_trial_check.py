from __future__ import annotations

from ..hosts import NOON, Host, days


def test_a_trial_is_reminded_expired_and_its_workspaces_stopped(host: Host) -> None:
    trial = host.trial("7")

    for day in range(16):
        host.check(NOON + days(day))

    assert host.kinds == ["trial_started", "trial_reminder", "trial_reminder", "trial_reminder", "trial_expired"]
    assert host.stopped == ["7"]
    assert host.reload(trial).status == "expired"
    assert host.audit() == [(None, "trialing", "trial_started"), ("trialing", "expired", "trial_ended")]
