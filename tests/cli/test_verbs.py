"""`extend`, `cancel`, `resume`, `pause`, `unpause`: services in an operator's hands."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from flask_subscription_ops.models import AuditEntry, Subscription

from ..hosts import NOON, Host, days
from .conftest import APP, Shop
from .test_usage import run

VERBS: dict[tuple[str, ...], str] = {
    ("extend", "trial", "7"): "trial_extended",
    ("cancel", "trial"): "cancel_scheduled",
    ("cancel", "trial", "--now"): "canceled",
    ("resume", "leaving"): "cancel_withdrawn",
    ("pause", "paying"): "paused",
    ("unpause", "paused"): "unpaused",
}


@pytest.fixture
def customers(host: Host) -> Host:
    """An account in each of the states that a verb begins at, called by it."""
    add_customers(host)
    return host


def add_customers(host: Host) -> None:
    host.trial("trial")
    host.subs.cancel(host.trial("leaving"))
    host.subs.subscribe("paying", "pro")
    host.subs.pause(host.subs.subscribe("paused", "pro"))
    host.db.session.commit()


def last_entry(host: Host) -> AuditEntry:
    host.db.session.rollback()
    return host.db.session.query(AuditEntry).order_by(AuditEntry.id.desc()).limit(1).one()


@pytest.mark.parametrize(("words", "cause"), VERBS.items(), ids="-".join)
def test_a_verb_changes_the_subscription_and_the_audit_says_who(
    customers: Host, words: tuple[str, ...], cause: str
) -> None:
    result = run(customers, *words, "--actor", "support: ada")

    assert result.exit_code == 0
    entry = last_entry(customers)
    assert (entry.account_id, entry.cause, entry.actor) == (words[1], cause, "support: ada")
    assert result.stdout.startswith(f"sub-{entry.subscription_id}: pro is {entry.to_status}, ")


def test_without_a_name_it_was_an_operator(customers: Host) -> None:
    run(customers, "extend", "trial", "1")

    assert last_entry(customers).actor == "operator"


def test_a_cancellation_at_the_end_is_seen_at_once(customers: Host) -> None:
    assert run(customers, "cancel", "trial").stdout.splitlines() == [
        "sub-1: pro is trialing, access",
        "  trial_ends_at 2026-12-15T12:00:00Z",
        "  is canceled at its end",
    ]


def test_an_extension_is_as_long_as_it_says(customers: Host) -> None:
    document = json.loads(run(customers, "extend", "trial", "7", "--json").stdout)

    assert document["trial_ends_at"] == "2026-12-22T12:00:00Z"
    assert document == json.loads(run(customers, "show", "trial", "--json").stdout)["subscriptions"][0]


def test_a_reason_is_kept_with_a_cancellation(customers: Host) -> None:
    run(customers, "cancel", "trial", "--reason", "moved to Ankara")

    assert last_entry(customers).details["reason"] == "moved to Ankara"


def test_what_a_verb_causes_goes_out_with_the_next_run(customers: Host) -> None:
    customers.deliver(NOON)
    run(customers, "cancel", "paying", "--now")
    customers.deliver(NOON)

    assert (customers.kinds[-1], customers.stopped[-1]) == ("canceled", "paying")


def test_a_product_is_named_where_there_are_several(host: Host) -> None:
    host.trial("7")
    host.trial("7", product="reports")

    result = run(host, "cancel", "7", "--now", "--product", "reports")

    assert result.exit_code == 0
    assert [s.status for s in host.db.session.query(Subscription).order_by(Subscription.id)] == ["trialing", "canceled"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("extend", "paying", "7"), 1, "cannot"),
        (("pause", "trial"), 1, "cannot"),
        (("extend", "nobody", "7"), 1, "account 'nobody' has no subscription to 'default'"),
        (("extend", "trial", "7", "--product", "reports"), 1, "account 'trial' has no subscription to 'reports'"),
        (("extend", "trial", "0"), 2, "0 is not in the range"),
        (("extend", "trial", "soon"), 2, "'soon' is not a valid integer"),
        (("extend", "trial"), 2, "Missing argument 'DAYS'"),
        (("cancel", "trial", "--reason", "a\nb"), 2, "reason must be one line"),
        (("cancel", "trial", "--actor", ""), 2, "it is empty"),
        (("cancel", "x" * 192), 2, "it has 192 characters, at most 191 can be"),
    ],
)
def test_what_cannot_be_done_changes_nothing_and_says_why(
    customers: Host, words: tuple[str, ...], code: int, said: str
) -> None:
    before = last_entry(customers).id

    result = run(customers, *words)

    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert last_entry(customers).id == before


@pytest.mark.parametrize("words", VERBS, ids="-".join)
def test_the_database_of_another_deployment_is_left_alone(customers: Host, words: tuple[str, ...]) -> None:
    customers.deliver(NOON)
    customers.db.session.execute(text("UPDATE subs_deployment SET name = 'another'"))
    customers.db.session.commit()
    before = last_entry(customers).id

    result = run(customers, *words)

    assert (result.exit_code, result.stdout) == (4, "")
    assert "this database belongs to the deployment 'another'" in result.stderr
    assert last_entry(customers).id == before


KILLED = (
    APP
    + """
import signal
from flask_subscription_ops.models import Subscription
to_dict = Subscription.to_dict
def kill(self):  # all is written and nothing is committed
    to_dict(self)
    os.kill(os.getpid(), signal.SIGKILL)
Subscription.to_dict = kill
"""
)


@pytest.mark.parametrize("words", VERBS, ids="-".join)
def test_a_verb_that_is_killed_has_changed_nothing_and_can_be_repeated(
    shop: Shop, books: Host, words: tuple[str, ...]
) -> None:
    add_customers(books)
    before, effects = last_entry(books).id, books.effects()
    books.db.session.rollback()
    (shop.folder / "killed.py").write_text(KILLED)

    killed = shop.shell(f"exec flask --app killed.py subs {' '.join(words)}")

    assert killed.returncode == -signal.SIGKILL
    assert (last_entry(books).id, books.effects()) == (before, effects)
    books.db.session.rollback()
    assert shop.subs(*words).returncode == 0
    assert last_entry(books).cause == VERBS[words]


@pytest.mark.parametrize("words", VERBS, ids="-".join)
def test_what_a_verb_prints_may_go_into_a_pipe_that_is_closed(shop: Shop, books: Host, words: tuple[str, ...]) -> None:
    add_customers(books)

    ended = shop.shell(f"flask subs {' '.join(words)} --json | true")

    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False)
    assert last_entry(books).cause == VERBS[words]


def test_of_two_operators_at_once_each_change_is_made_once(shop: Shop, books: Host) -> None:
    books.trial("7")
    codes: list[int] = []
    extend: Callable[[], Any] = lambda: codes.append(shop.subs("extend", "7", "1").returncode)  # noqa: E731

    threads = [threading.Thread(target=extend) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    books.db.session.rollback()
    assert codes == [0, 0, 0]
    assert books.db.session.query(Subscription).one().trial_ends_at == NOON + days(17)
