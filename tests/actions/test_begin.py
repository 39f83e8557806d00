from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from flask_subscription_ops.errors import InvalidInput, LiveSubscriptionExists, TrialUsed, UnknownPlan
from flask_subscription_ops.models import Subscription
from flask_subscription_ops.models.subscription import LOOK_NOW

from ..hosts import NOON, Host, days

YEARLY = {
    "pro": {"price": 4900, "currency": "EUR", "interval": "month", "trial_days": 14},
    "max": {"price": 99000, "currency": "USD", "interval": "year", "trial_days": 30},
}


def test_a_trial_begins_with_its_plans_terms_its_audit_and_its_email(host: Host) -> None:
    trial = host.trial("7", days=10)

    found = host.reload(trial)
    assert (found.account_id, found.product, found.plan, found.status) == ("7", "default", "pro", "trialing")
    assert (found.amount, found.currency, found.interval, found.interval_count) == (4900, "EUR", "month", 1)
    assert (found.anchor, found.period_start, found.trial_ends_at) == (NOON, NOON, NOON + days(10))
    assert (found.version, found.created_at, found.updated_at, found.collected_by) == (1, NOON, NOON, "manual")
    assert host.audit() == [(None, "trialing", "trial_started")]
    assert host.effects() == {f"trial-started:sub-{trial.id}:2026-12-11": "pending"}


def test_a_trial_is_as_long_as_its_plan_says_unless_the_call_says_otherwise(
    make_on_sqlite: Callable[..., Host],
) -> None:
    host = make_on_sqlite(SUBS_PLANS=YEARLY)
    host.at(NOON)

    by_plan, by_call = host.subs.start_trial("1", "max"), host.subs.start_trial("2", "max", days=3)

    assert (by_plan.trial_ends_at, by_call.trial_ends_at) == (NOON + days(30), NOON + days(3))


def test_a_paid_term_begins_active_with_its_first_period(host: Host) -> None:
    host.at(NOON.replace(day=31))

    term = host.subs.subscribe("7", "pro", payment_method="pm_1")
    host.db.session.commit()

    found = host.reload(term)
    assert (found.status, found.collected_by, found.payment_method) == ("active", "local", "pm_1")
    assert (found.period_start, found.period_end) == (NOON.replace(day=31), NOON.replace(year=2027, month=1, day=31))
    assert host.audit() == [(None, "active", "subscribed")]
    assert host.effects() == {f"subscribed:sub-{term.id}:1": "pending"}


def test_subscribing_turns_a_live_trial_into_the_paid_term(make: Callable[..., Host]) -> None:
    host = make(SUBS_PLANS=YEARLY)
    trial = host.trial("7")
    host.subs.cancel(trial)
    host.at(NOON + days(3))

    term = host.subs.subscribe("7", "max")
    host.db.session.commit()

    found = host.reload(term)
    assert term is trial
    assert (found.status, found.plan, found.amount, found.currency) == ("active", "max", 99000, "USD")
    assert (found.anchor, found.period_start) == (NOON + days(3), NOON + days(3))
    assert found.period_end == (NOON + days(3)).replace(year=2027)
    assert (found.cancel_at_period_end, found.version) == (False, 3)
    assert host.audit()[-1] == ("trialing", "active", "subscribed")


def test_a_trial_that_became_a_paid_term_is_neither_reminded_nor_ended(host: Host) -> None:
    host.trial("7")
    host.subs.subscribe("7", "pro")
    host.db.session.commit()

    report = host.check(NOON + days(20))

    assert report.changed == 0
    assert host.subs.has_access("7")


def test_a_trial_that_was_reminded_to_the_last_is_looked_at_anew_once_it_is_a_paid_term(host: Host) -> None:
    trial = host.trial("7")
    host.check(NOON + days(13), deliver=False)
    assert host.reload(trial).reminder_due_at is None

    host.subs.subscribe("7", "pro")
    host.db.session.commit()

    assert host.reload(trial).reminder_due_at == LOOK_NOW


@pytest.mark.parametrize("after", ["ended", "canceled", "subscribed and canceled"])
def test_an_account_has_its_trial_once_where_the_host_asks_for_that(host: Host, after: str) -> None:
    trial = host.trial("7")
    if after == "ended":
        host.check(NOON + days(14), deliver=False)
    else:
        if after.startswith("subscribed"):
            host.subs.subscribe("7", "pro")
        host.subs.cancel(trial, at_period_end=False)
        host.db.session.commit()

    with pytest.raises(TrialUsed, match=r"account 7 had its trial of 'default' already: offer a subscription"):
        host.subs.start_trial("7", "pro", once=True)

    assert host.subs.start_trial("7", "pro", once=True, product="reports").on_trial
    assert host.subs.start_trial("8", "pro", once=True).on_trial
    assert host.subs.start_trial("7", "pro").on_trial


def test_a_paid_term_uses_no_trial(host: Host) -> None:
    host.at(NOON)
    host.subs.cancel(host.subs.subscribe("7", "pro"), at_period_end=False)

    assert host.subs.start_trial("7", "pro", once=True).on_trial


def test_a_trial_that_moved_in_counts_as_one(host: Host) -> None:
    row = Subscription(account_id="7", plan="pro", status="expired", trial_ends_at=NOON - days(1))
    host.at(NOON)
    host.db.session.add(row)
    host.db.session.commit()

    with pytest.raises(TrialUsed):
        host.subs.start_trial("7", "pro", once=True)


def test_a_live_trial_is_in_the_way_of_another_before_anything_else(host: Host) -> None:
    host.trial("7")

    with pytest.raises(LiveSubscriptionExists):
        host.subs.start_trial("7", "pro", once=True)


def test_what_is_rolled_back_leaves_nothing_behind(host: Host, rows: Callable[[Host], Any]) -> None:
    host.subs.start_trial("1", "pro")
    host.subs.subscribe("2", "pro")
    host.db.session.rollback()

    assert rows(host) == (0, 0, 0)
    assert host.subs.get("1") is None


def test_a_service_never_commits(host: Host) -> None:
    host.subs.start_trial("1", "pro")

    with host.subs.runtime.reading() as other:
        assert other.query(Subscription).count() == 0


def test_a_trial_commits_together_with_the_hosts_own_rows(host: Host) -> None:
    db = host.db
    db.session.execute(db.text("CREATE TABLE companies (id INTEGER)"))
    db.session.commit()

    for company in (1, 2):
        db.session.execute(db.text(f"INSERT INTO companies VALUES ({company})"))
        host.subs.start_trial(str(company), "pro")
        db.session.commit() if company == 1 else db.session.rollback()

    assert db.session.execute(db.text("SELECT id FROM companies")).scalars().all() == [1]
    assert list(host.db.session.scalars(db.select(Subscription.account_id))) == ["1"]


@pytest.mark.parametrize("verb", ["start_trial", "subscribe"])
def test_a_second_live_subscription_is_refused_before_anything_is_written(
    host: Host, verb: str, rows: Callable[[Host], Any]
) -> None:
    host.subs.subscribe("7", "pro")
    host.db.session.commit()
    before = rows(host)

    with pytest.raises(
        LiveSubscriptionExists, match=r"account 7 already has a live subscription to 'default'; use get"
    ):
        getattr(host.subs, verb)("7", "pro")
    host.db.session.commit()

    assert rows(host) == before


def test_a_refused_service_leaves_the_hosts_transaction_usable(host: Host) -> None:
    host.trial("1")

    host.subs.start_trial("2", "pro")
    with pytest.raises(LiveSubscriptionExists):
        host.subs.start_trial("1", "pro")
    host.db.session.commit()

    assert host.subs.has_access("2")


def test_of_two_sessions_that_begin_at_the_same_time_one_is_refused(host: Host, rows: Callable[[Host], Any]) -> None:
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def begin() -> None:
        with host.app.app_context():
            ready.wait(20)
            try:
                host.subs.start_trial("7", "pro")
                host.db.session.commit()
                outcomes.append("begun")
            except LiveSubscriptionExists:
                host.db.session.rollback()
                outcomes.append("refused")
            finally:
                host.db.session.remove()

    threads = [threading.Thread(target=begin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["begun", "refused"]
    assert rows(host) == (1, 1, 1)


def test_the_database_itself_refuses_a_second_live_subscription(host: Host) -> None:
    host.trial("7")

    host.db.session.add(Subscription(account_id="7", plan="pro", status="active", period_end=NOON + days(9)))

    with pytest.raises(IntegrityError):
        host.db.session.commit()


@pytest.mark.parametrize("verb", ["start_trial", "subscribe"])
def test_what_else_the_database_refuses_is_no_second_subscription(host: Host, verb: str) -> None:
    host.trial("7")
    host.db.session.execute(host.db.text("CREATE UNIQUE INDEX one_of_a_plan ON subs_subscriptions (plan)"))
    host.db.session.commit()

    with pytest.raises(IntegrityError):
        getattr(host.subs, verb)("8", "pro")


def test_ended_subscriptions_stand_beside_a_live_one(host: Host) -> None:
    for start in (NOON, NOON + days(20)):
        host.trial("7", begun=start)
        host.check(start + days(15), deliver=False)
    host.at(NOON + days(40))

    live = host.subs.start_trial("7", "pro")
    host.db.session.commit()

    statuses = host.db.session.scalars(host.db.select(Subscription.status).order_by(Subscription.id)).all()
    assert statuses == ["expired", "expired", "trialing"]
    assert host.subs.get("7") is live


def test_an_account_may_have_one_live_subscription_for_each_product(host: Host) -> None:
    first, second = host.trial("7"), host.trial("7", product="reports")

    assert host.subs.get("7") is first
    assert host.subs.get("7", "reports") is second
    assert host.subs.get("7", "storage") is None


def test_get_prefers_the_live_one_and_otherwise_takes_the_latest(host: Host) -> None:
    first = host.trial("7")
    host.subs.cancel(first, at_period_end=False)
    second = host.trial("7")
    host.subs.cancel(second, at_period_end=False)
    host.db.session.commit()

    assert host.subs.get("7") is second
    assert not host.subs.has_access("7")
    assert host.subs.get("8") is None
    assert not host.subs.has_access("8")


def test_get_finds_an_older_live_one_behind_a_later_one_that_has_ended(sqlite_host: Host) -> None:
    live = sqlite_host.trial("7")
    sqlite_host.db.session.add(Subscription(account_id="7", plan="pro", status="expired"))
    sqlite_host.db.session.commit()

    assert sqlite_host.subs.get("7") is live


@pytest.mark.parametrize("verb", ["start_trial", "subscribe"])
def test_an_unknown_plan_is_refused_with_those_there_are(
    sqlite_host: Host, verb: str, rows: Callable[[Host], Any]
) -> None:
    with pytest.raises(UnknownPlan, match="no plan 'por'; SUBS_PLANS declares pro"):
        getattr(sqlite_host.subs, verb)("7", "por")
    sqlite_host.db.session.commit()

    assert rows(sqlite_host) == (0, 0, 0)


@pytest.mark.parametrize("account_id", [7, True, None, b"7", "", "x" * 192, "a\0b", "7 ", "\t7", ["7"]])
@pytest.mark.parametrize("verb", ["start_trial", "subscribe", "get", "has_access"])
def test_an_account_id_that_is_no_plain_key_is_refused(sqlite_host: Host, verb: str, account_id: Any) -> None:
    arguments = [account_id, "pro"] if verb in ("start_trial", "subscribe") else [account_id]

    with pytest.raises(InvalidInput, match="account_id"):
        getattr(sqlite_host.subs, verb)(*arguments)


@pytest.mark.parametrize("account_id", ["x" * 191, "Ünï-代-🎫", "a b", "0", "'; --", "%"])
def test_any_other_short_string_is_an_account(host: Host, account_id: str) -> None:
    host.trial(account_id)

    found = host.subs.get(account_id)
    assert found is not None
    assert host.reload(found).account_id == account_id


def test_account_ids_that_differ_only_in_case_are_two_accounts(host: Host) -> None:
    for account_id in ("abc", "ABC", "äbc", "abć"):
        host.trial(account_id)

    found = [host.subs.get(account_id) for account_id in ("abc", "ABC", "äbc", "abć", "Abc")]

    assert [one and one.account_id for one in found] == ["abc", "ABC", "äbc", "abć", None]


@pytest.mark.parametrize("days_given", [0, -1, 3651, 1.5, "14", True])
def test_a_trial_lasts_a_whole_number_of_days(sqlite_host: Host, days_given: Any) -> None:
    with pytest.raises(InvalidInput, match="days must be a whole number from 1 to 3650"):
        sqlite_host.subs.start_trial("7", "pro", days=days_given)


@pytest.mark.parametrize("product", [5, "", None, "x" * 65])
def test_a_product_is_a_short_string(sqlite_host: Host, product: Any) -> None:
    with pytest.raises(InvalidInput, match="product must be a string of 1 to 64"):
        sqlite_host.subs.start_trial("7", "pro", product=product)


def test_an_email_that_is_switched_off_is_not_queued(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(SUBS_EMAILS_OFF=("trial_started",))

    host.trial("7")

    assert host.effects() == {}
    assert host.audit() == [(None, "trialing", "trial_started")]
