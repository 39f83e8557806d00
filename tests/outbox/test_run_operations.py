from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from flask_subscription_ops import Operation
from flask_subscription_ops.errors import ConfigurationError, PermanentFailure
from flask_subscription_ops.jobs.table import find_job
from flask_subscription_ops.models import OutboxMessage
from flask_subscription_ops.outbox.run_operations import CLAIM_SIZE
from flask_subscription_ops.runs.engine import carry_out, new_run
from flask_subscription_ops.testing import end_leases

from ..hosts import NOON, Host, days
from .waiting import HASTY, operations_of

SUSPEND, RESUME = "suspend-workspaces:sub-1:2", "resume-workspaces:sub-1:3"


def test_an_operation_says_what_it_is_about(sqlite_host: Host) -> None:
    sqlite_host.trial("7", product="disk")

    sqlite_host.check(NOON + days(14))

    assert sqlite_host.operations == [
        ("suspend", "7", Operation("suspend-workspaces:sub-1:2", "disk", "trial_ended", 1))
    ]


def test_a_hook_that_raises_is_called_again_with_the_same_operation(sqlite_host: Host) -> None:
    operations_of(sqlite_host, "1", products=("a",))
    calls: list[Operation] = []

    @sqlite_host.subs.suspend_workspaces
    def suspend(account_id: str, operation: Operation) -> None:
        calls.append(operation)
        if len(calls) < 3:
            raise RuntimeError("the hypervisor is away")

    reports = [sqlite_host.deliver(NOON + days(day)) for day in range(4)]

    assert calls == [calls[0]] * 3
    assert calls[0].id == SUSPEND
    assert [report.outcome.exit_code for report in reports] == [0, 0, 0, 0]
    assert sqlite_host.effects()[SUSPEND] == "done"


def test_a_hook_that_refuses_for_good_is_not_called_again(sqlite_host: Host) -> None:
    operations_of(sqlite_host, "1", products=("a",))

    @sqlite_host.subs.suspend_workspaces
    def suspend(account_id: str, operation: Operation) -> None:
        raise PermanentFailure("no such customer")

    sqlite_host.deliver(NOON)

    assert sqlite_host.effects()[SUSPEND] == "dead"


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_a_hook_that_ends_its_thread_is_a_failure_like_any_other(sqlite_host: Host, error: type[BaseException]) -> None:
    operations_of(sqlite_host, "1", products=("a",))

    @sqlite_host.subs.suspend_workspaces
    def suspend(account_id: str, operation: Operation) -> None:
        raise error

    report = sqlite_host.deliver(NOON)

    assert (report.deferred, report.outcome.exit_code, sqlite_host.effects()[SUSPEND]) == (1, 0, "pending")


def test_one_accounts_failure_does_not_delay_anothers(sqlite_host: Host) -> None:
    for account_id in "12345":
        operations_of(sqlite_host, account_id, products=("a",))
    done = []

    @sqlite_host.subs.suspend_workspaces
    def suspend(account_id: str, operation: Operation) -> None:
        if account_id == "1":
            raise RuntimeError("the hypervisor is away")
        done.append(account_id)

    sqlite_host.deliver(NOON)

    assert done == ["2", "3", "4", "5"]


def test_a_hook_that_hangs_is_cut_off_and_delays_no_other_account(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(**HASTY)
    for account_id in "123":
        operations_of(host, account_id, products=("a",))

    with hanging_for(host, "1") as hook:
        report = host.deliver(NOON)

    assert hook.calls == ["1", "2", "3"]
    assert report.tally.deferred == {"suspend_workspaces": 1}
    assert (
        "cut off after 0.2 s" in host.db.session.query(OutboxMessage.last_error).filter_by(effect_key=SUSPEND).scalar()
    )
    assert list(host.effects().values()).count("done") == 2 + 3  # two operations, three welcomes


def test_a_delivery_that_is_told_to_stop_ends_the_operation_in_hand_and_gives_the_rest_back(host: Host) -> None:
    for account_id in "123":
        operations_of(host, account_id, products=("a",))

    carry_out(new_run(host.subs.runtime, find_job("deliver"), as_of=NOON, is_stopping=lambda: bool(host.stopped)))

    rows = host.db.session.query(OutboxMessage.state, OutboxMessage.attempts).filter_by(channel="workspaces")
    assert host.stopped == ["1"]
    assert sorted(map(tuple, rows)) == [("done", 1), ("pending", 0), ("pending", 0)]
    host.deliver(NOON)
    assert host.stopped == ["1", "2", "3"]


def test_hooks_that_all_hang_are_each_cut_off(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(**HASTY)
    for account_id in "1234":
        operations_of(host, account_id, products=("a",))

    with hanging_for(host, *"1234") as hook:
        report = host.deliver(NOON)

    assert hook.calls == ["1", "2", "3", "4"]
    assert report.tally.deferred == {"suspend_workspaces": 4}


def test_after_a_cut_off_a_newer_operation_waits_for_the_old_call_or_its_lease(
    make_on_sqlite: Callable[..., Host],
) -> None:
    host = make_on_sqlite(**HASTY)
    paused = operations_of(host, "1", products=("a",))["a"]

    with hanging_for(host, "1"):
        host.deliver(NOON)
        host.subs.unpause(paused)
        host.db.session.commit()
        host.deliver(NOON + days(1))
        while_it_runs = [action for action, _, _ in host.operations]
        end_leases(host.app)
        host.deliver(NOON + days(1))

    assert while_it_runs == []
    assert [action for action, _, _ in host.operations] == ["resume"]
    assert (host.effects()[SUSPEND], host.effects()[RESUME]) == ("superseded", "done")


def test_a_call_that_returns_after_its_deadline_but_within_the_run_is_done(
    make_on_sqlite: Callable[..., Host],
) -> None:
    host = make_on_sqlite(**HASTY)
    operations_of(host, "1", products=("a",))
    operations_of(host, "2", products=("a",))
    released = threading.Event()
    calls = Counter[str]()

    @host.subs.suspend_workspaces
    def suspend(account_id: str, operation: Operation) -> None:
        calls[account_id] += 1
        if account_id == "1":
            released.wait(30)
        else:
            released.set()

    host.deliver(NOON)

    assert calls == {"1": 1, "2": 1}
    assert host.effects()[SUSPEND] == "done"


def test_of_two_wishes_that_wait_only_the_newest_is_carried_out(host: Host) -> None:
    paused = operations_of(host, "1", products=("a",))["a"]
    host.subs.unpause(paused)
    host.db.session.commit()

    host.deliver(NOON)

    assert [action for action, _, _ in host.operations] == ["resume"]
    assert (host.effects()[SUSPEND], host.effects()[RESUME]) == ("superseded", "done")


def test_a_newer_wish_replaces_an_older_one_that_waits_to_be_tried_again(sqlite_host: Host) -> None:
    paused = operations_of(sqlite_host, "1", products=("a",))["a"]

    @sqlite_host.subs.suspend_workspaces
    def suspend(account_id: str, operation: Operation) -> None:
        raise RuntimeError("the hypervisor is away")

    sqlite_host.deliver(NOON)
    sqlite_host.subs.unpause(paused)
    sqlite_host.db.session.commit()
    sqlite_host.deliver(NOON)
    sqlite_host.deliver(NOON + days(1))

    assert [action for action, _, _ in sqlite_host.operations] == ["resume"]
    assert sqlite_host.effects()[SUSPEND] == "superseded"


def test_wishes_for_different_products_of_one_account_are_all_carried_out(host: Host) -> None:
    operations_of(host, "1", products=("disk", "mail", "web"))

    host.deliver(NOON)

    assert sorted(operation.product for _, _, operation in host.operations) == ["disk", "mail", "web"]


def test_two_workers_never_run_two_operations_of_one_account_side_by_side(host: Host) -> None:
    for account_id in "12":
        operations_of(host, account_id, products=("a", "b", "c", "d"))
    under_way, together = Counter[str](), []
    lock = threading.Lock()

    @host.subs.suspend_workspaces
    def suspend(account_id: str, operation: Operation) -> None:
        with lock:
            under_way[account_id] += 1
            together.append(under_way[account_id])
        threading.Event().wait(0.02)
        with lock:
            under_way[account_id] -= 1

    def work(_: int) -> None:
        with host.app.app_context():
            for _ in range(4):
                host.deliver(NOON)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert together == [1] * 8


def test_a_host_without_the_hook_has_no_operations(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(without=["suspend_workspaces", "resume_workspaces"])
    host.trial()

    host.check(NOON + days(14))

    assert list(host.effects()) == ["trial-started:sub-1:2026-12-15", "trial-expired:sub-1:2026-12-15"]


def test_operations_whose_hook_is_missing_wait_untried_and_hold_up_no_other(make: Callable[..., Host]) -> None:
    host = make(without=["resume_workspaces"])
    for number in range(CLAIM_SIZE + 1):
        for subscription in operations_of(host, f"comes-back-{number}", products=("a",)).values():
            host.subs.unpause(subscription)
    operations_of(host, "goes", products=("a",))

    with pytest.raises(ConfigurationError, match="no resume_workspaces hook is registered"):
        host.deliver(NOON)

    assert host.stopped == ["goes"]
    waiting = host.db.session.query(OutboxMessage).filter_by(kind="resume_workspaces")
    assert {(m.state, m.attempts, m.first_tried_at) for m in waiting} == {("pending", 0, None)}
    host.subs.resume_workspaces(lambda account_id, operation: None)
    assert host.deliver(NOON).to_dict()["effects"]["delivered"] == {"resume_workspaces": CLAIM_SIZE + 1}


class Hanging:
    """A hook that does not return for some accounts until the test is over."""

    def __init__(self, *accounts: str) -> None:
        self.over = threading.Event()
        self.calls: list[str] = []
        self._accounts = accounts

    def __call__(self, account_id: str, operation: Operation) -> None:
        self.calls.append(account_id)
        if account_id in self._accounts:
            self.over.wait(30)


@contextmanager
def hanging_for(host: Host, *accounts: str) -> Iterator[Hanging]:
    hook = Hanging(*accounts)
    host.subs.suspend_workspaces(hook)
    try:
        yield hook
    finally:
        hook.over.set()
