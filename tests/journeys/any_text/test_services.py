"""Whatever text a view or a row brings, it is refused before anything is written, or kept whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from sqlalchemy import String
from sqlalchemy.exc import IntegrityError

from flask_subscription_ops.errors import SubscriptionOpsError
from flask_subscription_ops.models import AuditEntry, Subscription
from flask_subscription_ops.models.types import Key

from ...hosts import NOON, Host
from .texts import END, any_thing, everything_still_works, rows

ARGUMENTS = ("account_id", "plan", "product", "payment_method")


@pytest.mark.parametrize("argument", ARGUMENTS)
@pytest.mark.parametrize("service", ["start_trial", "subscribe"])
def test_an_argument_is_refused_before_anything_is_written_or_kept_whole(
    host: Host, service: str, argument: str
) -> None:
    numbers = count()
    host.at(NOON)

    @any_thing
    def check(value: Any) -> None:
        before = rows(host)
        given = {"account_id": f"a{next(numbers)}", "plan": "pro", "product": "default", argument: value}
        try:
            subscription = getattr(host.subs, service)(**given)
        except SubscriptionOpsError:
            host.db.session.commit()
            assert rows(host) == before
            return
        host.db.session.commit()
        kept = getattr(host.reload(subscription), argument)
        assert kept == value
        assert host.subs.get(subscription.account_id, subscription.product) is subscription

    check()
    everything_still_works(host)


def test_the_method_of_a_converted_trial_is_refused_or_kept_whole(host: Host) -> None:
    numbers = count()

    @any_thing
    def check(value: Any) -> None:
        trial = host.trial(f"a{next(numbers)}")
        before = rows(host)
        try:
            host.subs.subscribe(trial.account_id, "pro", payment_method=value)
        except SubscriptionOpsError:
            host.db.session.commit()
            assert rows(host) == before
            assert (host.reload(trial).status, trial.payment_method) == ("trialing", None)
            return
        host.db.session.commit()
        assert host.reload(trial).payment_method == (value or None)

    check()
    everything_still_works(host)


@pytest.mark.parametrize("at_period_end", [True, False])
def test_a_reason_is_refused_before_anything_is_written_or_kept_whole(host: Host, at_period_end: bool) -> None:
    numbers = count()

    @any_thing
    def check(reason: Any) -> None:
        trial = host.trial(f"a{next(numbers)}")
        before = rows(host)
        try:
            host.subs.cancel(trial, at_period_end=at_period_end, reason=reason)
        except SubscriptionOpsError:
            host.db.session.commit()
            assert rows(host) == before
            assert (host.reload(trial).status, trial.version, trial.cancel_at_period_end) == ("trialing", 1, False)
            return
        host.db.session.commit()
        [entry] = host.db.session.query(AuditEntry).filter_by(subscription_id=trial.id, version=2)
        assert entry.details.get("reason", "") == reason

    check()
    everything_still_works(host)


WE_WRITE = {"audit_hash"}  # no door: the package alone writes it
TEXTS_OF_A_ROW = [column.key for column in Subscription.__table__.c if isinstance(column.type, (String, Key))]
TEXT_COLUMNS = [key for key in TEXTS_OF_A_ROW if key not in WE_WRITE]


@pytest.mark.parametrize("column", TEXT_COLUMNS)
def test_a_row_that_moves_in_is_refused_or_kept_whole(host: Host, column: str) -> None:
    numbers = count()
    host.at(NOON)

    @any_thing
    def check(value: Any) -> None:
        before = rows(host)
        given = {"account_id": f"a{next(numbers)}", "plan": "pro", "trial_ends_at": END, "status": "trialing"}
        try:
            subscription = Subscription(**given | {column: value})
            host.db.session.add(subscription)
            host.db.session.commit()
        except (SubscriptionOpsError, IntegrityError):  # the latter for an account that is there already
            assert rows(host) == before
            return
        assert getattr(host.reload(subscription), column) == (value or getattr(subscription, column))

    check()
    everything_still_works(host)


def no_number(value: Any) -> Any:
    return "7" if value in (None, 7) else value


LOOKUPS: Mapping[str, Callable[[Host, Any], object]] = {
    "get": lambda host, text: host.subs.get(text),
    "get product": lambda host, text: host.subs.get("1", text),
    "has_access": lambda host, text: host.subs.has_access(text),
    "cancel": lambda host, text: host.subs.cancel(text),
    "extend_trial": lambda host, text: host.subs.extend_trial(host.subs.get("1"), days=no_number(text)),  # type: ignore[arg-type]
    "start_trial days": lambda host, text: host.subs.start_trial("2", "pro", days=no_number(text)),
    "run_job": lambda host, text: host.subs.run_job(text if isinstance(text, str) else ""),
}


@pytest.mark.parametrize("lookup", LOOKUPS)
def test_a_question_about_any_text_is_answered_or_refused_as_our_own_error(host: Host, lookup: str) -> None:
    host.trial("1")

    @any_thing
    def check(value: Any) -> None:
        before = rows(host)
        with suppress(SubscriptionOpsError):
            LOOKUPS[lookup](host, value)
        host.db.session.commit()
        assert rows(host) == before

    check()
