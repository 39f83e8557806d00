from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import update

from flask_subscription_ops.domain.retry import Answer
from flask_subscription_ops.models import OutboxMessage
from flask_subscription_ops.outbox.claim import Claim, Part, claim_emails, claim_operations
from flask_subscription_ops.outbox.delivery import Delivery
from flask_subscription_ops.outbox.settle import Ledger
from flask_subscription_ops.outbox.take_back import CUT_OFF, take_back
from flask_subscription_ops.outbox.tally import Tally
from flask_subscription_ops.testing import end_leases

from ..hosts import NOON, Host, days
from .waiting import operations_of


def test_two_workers_claim_different_emails(host: Host) -> None:
    for number in range(5):
        host.trial(str(number))

    first, second = _claim(host, 3), _claim(host, 3)

    assert [len(first.messages), len(second.messages)] == [3, 2]
    assert not {m.id for m in first.messages} & {m.id for m in second.messages}


def test_eight_workers_at_once_claim_each_email_once(host: Host) -> None:
    for number in range(12):
        host.trial(str(number))

    with ThreadPoolExecutor(8) as pool:
        claimed = [message.id for claim in pool.map(lambda _: _claim(host, 3), range(8)) for message in claim.messages]

    assert len(claimed) == len(set(claimed)) == 12


def test_the_longest_waiting_are_claimed_first(sqlite_host: Host) -> None:
    for number in (2, 0, 1):
        sqlite_host.trial(str(number), begun=NOON + days(number))

    claim = claim_emails(sqlite_host.subs.runtime, NOON + days(5), 2)

    assert [message.account_id for message in claim.messages] == ["0", "1"]


def test_what_is_not_due_yet_is_not_claimed(sqlite_host: Host) -> None:
    sqlite_host.trial(begun=NOON + timedelta(microseconds=1))

    claim = claim_emails(sqlite_host.subs.runtime, NOON, 10)

    assert claim.messages == []


def test_a_claimed_effect_stays_claimed_however_far_a_run_is_dated(host: Host) -> None:
    host.trial()
    _claim(host)

    _take_back(host)
    again = claim_emails(host.subs.runtime, NOON + days(3650), 10)

    assert again.messages == []


def test_an_effect_returns_to_the_queue_when_its_lease_has_ended(host: Host) -> None:
    host.trial()
    _claim(host)
    end_leases(host.app)

    _take_back(host)

    assert [message.account_id for message in _claim(host).messages] == ["1"]


def test_a_worker_whose_lease_was_taken_over_writes_nothing(host: Host) -> None:
    host.trial()
    late = _claim(host)
    end_leases(host.app)
    _take_back(host)
    successor = _claim(host)

    for answer in Answer:
        _ledger(host, late).record(late.messages, answer, "too late")
    taken_over = _only(host)

    assert (taken_over.state, taken_over.attempts, taken_over.last_error) == ("sending", 2, CUT_OFF)
    assert taken_over.lease_token == successor.lease.token

    _ledger(host, successor).record(successor.messages, Answer.DONE)

    assert _only(host).state == "done"


def test_a_late_outcome_is_neither_counted_nor_told(host: Host) -> None:
    host.trial()
    late = _claim(host)
    end_leases(host.app)
    _take_back(host)
    tally = Tally()

    ledger = Ledger(host.subs.runtime, late.lease, tally, lambda: NOON)
    ledger.record(late.messages, Answer.DONE)
    ledger.record(late.messages, Answer.REFUSED, "too late")

    assert (tally.delivered, tally.failed, tally.failures) == ({}, {}, [])


def test_a_lease_lasts_as_long_as_configured_by_the_databases_clock(make_on_sqlite: object) -> None:
    host = make_on_sqlite(SUBS_LEASE_SECONDS=60, SUBS_HOOK_TIMEOUT=20, SUBS_MAIL_TIMEOUT=20)  # type: ignore[operator]
    host.trial()

    claim = _claim(host)

    assert claim.lease.covers(59)
    assert not claim.lease.covers(60)


def test_one_operation_of_an_account_is_claimed_at_a_time(host: Host) -> None:
    operations_of(host, "1", products=("a", "b", "c"))
    operations_of(host, "2", products=("a",))

    first = claim_operations(host.subs.runtime, NOON, 10)
    second = claim_operations(host.subs.runtime, NOON, 10)

    assert sorted(message.account_id for message in first.messages) == ["1", "2"]
    assert (second.messages, second.replaced) == ([], [])


def test_workers_that_claim_one_account_at_once_get_one_operation_together(host: Host) -> None:
    operations_of(host, "1", products=("a", "b", "c", "d"))

    with ThreadPoolExecutor(6) as pool:
        claims = list(pool.map(lambda _: _claim_operations(host), range(6)))

    assert sum(len(claim.messages) for claim in claims) == 1


def test_an_older_operation_is_given_up_for_a_newer_one_that_is_done(host: Host) -> None:
    subscription = operations_of(host, "1", products=("a",))["a"]
    older = f"suspend-workspaces:sub-{subscription.id}:2"
    host.subs.unpause(subscription)
    host.db.session.commit()
    host.deliver(NOON)
    host.db.session.execute(update(OutboxMessage).where(OutboxMessage.effect_key == older).values(state="pending"))
    host.db.session.commit()

    host.deliver(NOON)

    assert [action for action, _, _ in host.operations] == ["resume"]
    assert host.effects()[older] == "superseded"


def _claim(host: Host, limit: int = 10) -> Claim:
    with host.app.app_context():
        claim = claim_emails(host.subs.runtime, NOON, limit)
        return claim if claim.messages else claim_emails(host.subs.runtime, NOON, limit, Part(alone=True))


def _take_back(host: Host) -> Tally:
    tally = Tally()
    take_back(Delivery(host.subs.runtime, tally, lambda: NOON))
    return tally


def _claim_operations(host: Host) -> Claim:
    with host.app.app_context():
        return claim_operations(host.subs.runtime, NOON, 10)


def _ledger(host: Host, claim: Claim) -> Ledger:
    return Ledger(host.subs.runtime, claim.lease, Tally(), lambda: NOON)


def _only(host: Host) -> OutboxMessage:
    host.db.session.rollback()
    return host.db.session.query(OutboxMessage).populate_existing().one()
