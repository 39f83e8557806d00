from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flask_subscription_ops.models import OutboxMessage

from ..hosts import NOON, Host, days

AT_THE_END = NOON + days(14)


def test_a_few_gone_accounts_are_believed(host: Host) -> None:
    _trials(host, 6)
    _leave_out(host, "2", "5")

    report = host.deliver(NOON)

    assert (report.outcome.exit_code, report.tally.superseded) == (0, {"trial_started": 2})
    assert _waiting(host) == 0


def test_a_hook_that_leaves_everybody_out_is_not_believed(host: Host) -> None:
    _trials(host, 3)
    _leave_out(host, "1", "2", "3")

    report = host.deliver(NOON)
    _leave_out(host)
    host.deliver(NOON)

    assert report.outcome.exit_code == 4
    assert (report.stopped_by or "").startswith("the contacts hook leaves out all 3 accounts")
    assert host.kinds == ["trial_started"] * 3


def test_more_gone_accounts_than_the_brake_allows_stop_the_run_before_any_is_given_up(
    make: Callable[..., Host],
) -> None:
    host = make(SUBS_BRAKE_MIN=10, SUBS_BRAKE_SHARE=0.0)
    _trials(host, 250)
    _leave_out(host, *(str(number) for number in range(1, 250, 20)))  # 13 of them, 5 in the first claim

    report = host.deliver(NOON)

    assert (report.outcome.exit_code, report.tally.superseded, _waiting(host)) == (4, {}, 250)
    assert {m.attempts for m in host.db.session.query(OutboxMessage)} == {0}


def test_as_many_as_the_brake_allows_do_not_stop_it(make: Callable[..., Host]) -> None:
    host = make(SUBS_BRAKE_MIN=10, SUBS_BRAKE_SHARE=0.0)
    _trials(host, 250)
    _leave_out(host, *(str(number) for number in range(1, 201, 20)))  # 10 of them

    report = host.deliver(NOON)

    assert (report.outcome.exit_code, report.tally.superseded) == (0, {"trial_started": 10})


def test_a_mass_answer_is_confirmed_with_the_token_it_printed(host: Host) -> None:
    _trials(host, 4)
    _leave_out(host, "1", "2", "3", "4")
    stopped = host.deliver(NOON)

    wrong = host.deliver(NOON, confirm="wrong")
    confirmed = host.deliver(NOON, confirm=stopped.confirm)
    again = host.deliver(NOON, confirm=stopped.confirm)

    assert (stopped.outcome.exit_code, wrong.outcome.exit_code) == (4, 4)
    assert (confirmed.outcome.exit_code, confirmed.tally.superseded) == (0, {"trial_started": 4})
    assert again.examined == 0


def test_the_workspaces_of_gone_accounts_are_still_stopped(host: Host) -> None:
    _trials(host, 3)
    _leave_out(host, "1", "2", "3")

    report = host.check(AT_THE_END)

    assert report.outcome.exit_code == 4
    assert sorted(host.stopped) == ["1", "2", "3"]
    assert {state for key, state in host.effects().items() if key.startswith("trial-expired")} == {"pending"}


def test_a_jobs_own_delivery_is_confirmed_like_the_job(host: Host) -> None:
    _trials(host, 3)
    _leave_out(host, "1", "2", "3")
    stopped = host.check(AT_THE_END)

    confirmed = host.check(AT_THE_END, confirm=stopped.confirm)

    assert confirmed.outcome.exit_code == 0
    assert _waiting(host) == 0


@pytest.mark.parametrize("gone", [1, 2])
def test_two_gone_accounts_say_nothing_about_the_hook(host: Host, gone: int) -> None:
    _trials(host, gone)
    _leave_out(host, "1", "2")

    assert host.deliver(NOON).outcome.exit_code == 0


def _trials(host: Host, count: int) -> None:
    host.at(NOON)
    for number in range(1, count + 1):
        host.subs.start_trial(str(number), "pro")
    host.db.session.commit()


def _leave_out(host: Host, *accounts: str) -> None:
    host.known.clear()
    host.known.update(dict.fromkeys(accounts))


def _waiting(host: Host) -> int:
    host.db.session.rollback()
    emails: Any = host.db.session.query(OutboxMessage).filter_by(channel="email", state="pending")
    return int(emails.count())
