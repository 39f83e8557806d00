from __future__ import annotations

import pytest

from flask_subscription_ops.domain.states import (
    EDGES,
    ENDED,
    LIVE,
    WITH_ACCESS,
    Cause,
    Edge,
    Status,
    edge,
)
from flask_subscription_ops.errors import IllegalTransition

STOP, START = "suspend_workspaces", "resume_workspaces"

# The whole table, written out once more: from, cause, to, email, workspaces.
LIFE = [
    ("trialing", "subscribed", "active", "subscribed", None),
    ("trialing", "paid", "active", "receipt", None),
    ("trialing", "trial_ended", "expired", "trial_expired", STOP),
    ("trialing", "charge_failed", "grace", "payment_failed", None),
    ("active", "paid", "active", "receipt", None),
    ("active", "term_ended", "grace", "grace_started", None),
    ("active", "paused", "paused", None, STOP),
    ("paused", "unpaused", "active", None, START),
    ("grace", "paid", "active", "recovered", None),
    ("grace", "grace_ended", "suspended", "suspended", STOP),
    ("suspended", "paid", "active", "recovered", START),
    ("suspended", "suspension_ended", "expired", "expired", None),
    ("expired", "paid", "active", "recovered", START),
    *[
        (status, "canceled", "canceled", "canceled", STOP)
        for status in ("trialing", "active", "grace", "suspended", "paused", "expired")
    ],
]
# What leaves the status as it is: from, cause.
KEPT = [
    ("trialing", "trial_extended"),
    ("trialing", "cancel_scheduled"),
    ("active", "cancel_scheduled"),
    ("trialing", "cancel_withdrawn"),
    ("active", "cancel_withdrawn"),
]
BEGUN = [(None, "trial_started"), (None, "subscribed")]
LEGAL = {(source, cause) for source, cause, *_ in LIFE} | set(KEPT)
ILLEGAL = [(status, cause) for status in Status for cause in Cause if (status.value, cause.value) not in LEGAL]


@pytest.mark.parametrize(("source", "cause", "to", "email", "workspaces"), LIFE)
def test_every_cause_leads_where_the_design_says_with_its_effects(
    source: str, cause: str, to: str, email: str | None, workspaces: str | None
) -> None:
    found = edge(Status(source), Cause(cause))

    assert (found.to, found.email, found.workspaces) == (to, email, workspaces)


def test_the_table_has_no_edge_that_the_design_does_not_name() -> None:
    named = {*BEGUN, *((a, b) for a, b, *_ in LIFE), *KEPT}

    assert {(status and status.value, cause.value) for status, cause in EDGES} == named


@pytest.mark.parametrize(("source", "cause"), KEPT)
def test_an_amendment_keeps_the_status_and_has_no_effects(source: str, cause: str) -> None:
    assert edge(Status(source), Cause(cause)) == Edge(Status(source))


def test_a_subscription_begins_as_a_trial_or_as_a_paid_term() -> None:
    assert edge(None, Cause.TRIAL_STARTED) == Edge(Status.TRIALING, "trial_started")
    assert edge(None, Cause.SUBSCRIBED) == Edge(Status.ACTIVE, "subscribed")


@pytest.mark.parametrize(("status", "cause"), ILLEGAL, ids=lambda value: value.value)
def test_every_other_cause_is_refused_with_the_statuses_that_allow_it(status: Status, cause: Cause) -> None:
    allowed = {source for source, legal in LEGAL if legal == cause.value} or {"a new subscription"}

    with pytest.raises(IllegalTransition) as refused:
        edge(status, cause, "sub-42")

    sentence = str(refused.value)
    assert sentence.startswith(f"sub-42 is {status.value}, ")
    assert cause.value in sentence
    assert set(sentence.split(" needs ")[1].split(" or ")) == allowed


@pytest.mark.parametrize("cause", Cause)
def test_nothing_leads_out_of_canceled(cause: Cause) -> None:
    with pytest.raises(IllegalTransition):
        edge(Status.CANCELED, cause)


def test_every_state_but_canceled_can_come_back_to_access() -> None:
    reachable = set(WITH_ACCESS)
    while more := {s for (s, _), found in EDGES.items() if s and found.to in reachable} - reachable:
        reachable |= more

    assert reachable == set(Status) - {Status.CANCELED}


def test_access_is_given_on_trial_when_paid_and_in_grace_only() -> None:
    assert {"trialing", "active", "grace"} == WITH_ACCESS


def test_live_is_all_that_is_neither_expired_nor_canceled() -> None:
    assert {"expired", "canceled"} == ENDED
    assert {"trialing", "active", "grace", "suspended", "paused"} == LIVE


@pytest.mark.parametrize(("status", "cause"), [(status, cause) for status, cause in EDGES if status])
def test_workspaces_stop_when_access_ends_and_start_when_it_comes_back(status: Status, cause: Cause) -> None:
    found = edge(status, cause)
    had, has = status in WITH_ACCESS, found.to in WITH_ACCESS

    if had and not has:
        assert found.workspaces == STOP
    elif has and not had:
        assert found.workspaces == START
    elif has:
        assert found.workspaces is None
