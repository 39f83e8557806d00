from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_subscription_ops.domain.retry import SNOOZE, Answer, Decision, EffectState, backoff, decide, jittered

PENDING, SENDING, DONE = EffectState.PENDING, EffectState.SENDING, EffectState.DONE
DEAD, HELD = EffectState.DEAD, EffectState.HELD
MINUTE = timedelta(minutes=1)
FIRST: dict[str, Any] = {
    "attempts": 1,
    "max_attempts": 3,
    "at_most_once": False,
    "marked": False,
    "alone": False,
}


@pytest.mark.parametrize(
    ("answer", "given_", "decision"),
    [
        (Answer.DONE, {}, Decision(DONE)),
        (Answer.REFUSED, {}, Decision(DEAD)),
        (Answer.DEFERRED, {}, Decision(PENDING, MINUTE, undoes=True)),
        (Answer.DEFERRED, {"attempts": 2}, Decision(PENDING, 5 * MINUTE, undoes=True)),
        (Answer.DEFERRED, {"attempts": 3}, Decision(DEAD)),
        (Answer.DEFERRED, {"at_most_once": True, "marked": True}, Decision(PENDING, MINUTE, undoes=True)),
        (Answer.DOUBTED, {}, Decision(PENDING, MINUTE, undoes=True, alarms=True)),
        (Answer.DOUBTED, {"attempts": 3}, Decision(DEAD)),
        (Answer.UNPREPARED, {}, Decision(PENDING, MINUTE, undoes=True, alarms=True)),
        (Answer.UNPREPARED, {"attempts": 3}, Decision(DEAD)),
        (Answer.UNREACHABLE, {}, Decision(PENDING, None, counts=False, undoes=True)),
        (Answer.UNREACHABLE, {"attempts": 99}, Decision(PENDING, None, counts=False, undoes=True)),
        (Answer.UNREACHABLE, {"alone": True}, Decision(PENDING, SNOOZE, counts=False, undoes=True, alone=True)),
        (Answer.CANNOT_ASK, {}, Decision(PENDING, SNOOZE, counts=False)),
        (Answer.CANNOT_ASK, {"at_most_once": True, "attempts": 9}, Decision(PENDING, SNOOZE, counts=False)),
        (Answer.UNTRIED, {"attempts": 3}, Decision(PENDING, None, counts=False, undoes=True)),
        (Answer.UNKNOWN, {}, Decision(PENDING, MINUTE)),
        (Answer.UNKNOWN, {"attempts": 3}, Decision(DEAD)),
        (Answer.UNKNOWN, {"at_most_once": True, "marked": True}, Decision(HELD)),
        (Answer.UNKNOWN, {"at_most_once": True}, Decision(PENDING, MINUTE)),
        (Answer.UNKNOWN, {"marked": True}, Decision(PENDING, MINUTE)),
        (Answer.HANGING, {}, Decision(SENDING, MINUTE)),
        (Answer.HANGING, {"attempts": 3}, Decision(SENDING, 15 * MINUTE)),
        (Answer.CUT_OFF, {}, Decision(PENDING, None, alone=True)),
        (Answer.CUT_OFF, {"attempts": 2}, Decision(PENDING, None, alone=True)),
        (Answer.CUT_OFF, {"attempts": 3}, Decision(PENDING, MINUTE, alone=True)),
        (Answer.CUT_OFF, {"attempts": 3, "alone": True}, Decision(DEAD)),
        (Answer.CUT_OFF, {"at_most_once": True, "marked": True}, Decision(HELD)),
        (Answer.CUT_OFF, {"at_most_once": True}, Decision(PENDING, None, alone=True)),
    ],
    ids=str,
)
def test_what_follows_an_answer(answer: Answer, given_: dict[str, Any], decision: Decision) -> None:
    assert decide(answer, **FIRST | given_) == decision


circumstances = st.fixed_dictionaries(
    {
        "attempts": st.integers(1, 50),
        "max_attempts": st.integers(1, 20),
        "at_most_once": st.booleans(),
        "marked": st.booleans(),
        "alone": st.booleans(),
    }
)


@given(answer=st.sampled_from(Answer), case=circumstances)
def test_nothing_is_given_up_for_a_claim_that_was_no_try(answer: Answer, case: dict[str, Any]) -> None:
    decision = decide(answer, **case)

    assert decision.counts or decision.state is PENDING


@given(answer=st.sampled_from([Answer.UNREACHABLE, Answer.CANNOT_ASK, Answer.UNTRIED]), case=circumstances)
def test_what_could_not_be_tried_never_counts_never_alarms_and_waits_minutes(
    answer: Answer, case: dict[str, Any]
) -> None:
    decision = decide(answer, **case)

    assert not decision.counts
    assert not decision.needs_a_human
    assert (decision.wait or timedelta()) <= timedelta(minutes=10)


@given(answer=st.sampled_from(Answer), case=circumstances)
def test_only_what_may_have_happened_and_may_go_once_is_held(answer: Answer, case: dict[str, Any]) -> None:
    may_have_happened = answer in (Answer.UNKNOWN, Answer.CUT_OFF)

    is_held = decide(answer, **case).state is HELD

    assert is_held == (may_have_happened and case["at_most_once"] and case["marked"])


@given(answer=st.sampled_from(Answer), case=circumstances)
def test_an_effect_dies_when_it_is_refused_or_its_tries_are_used_up(answer: Answer, case: dict[str, Any]) -> None:
    is_dead = decide(answer, **case).state is DEAD

    if is_dead and answer is not Answer.REFUSED:
        assert case["attempts"] >= case["max_attempts"]
        assert answer is not Answer.CUT_OFF or case["alone"]


@given(case=circumstances)
def test_no_effect_is_tried_for_ever(case: dict[str, Any]) -> None:
    endless = case | {"attempts": case["max_attempts"], "alone": True, "at_most_once": False}

    assert {
        decide(answer, **endless).state
        for answer in (Answer.DOUBTED, Answer.DEFERRED, Answer.UNPREPARED, Answer.UNKNOWN, Answer.CUT_OFF)
    } == {DEAD}


@given(answer=st.sampled_from(Answer), case=circumstances)
def test_what_surely_did_not_happen_is_as_before_and_nothing_else(answer: Answer, case: dict[str, Any]) -> None:
    decision = decide(answer, **case)

    surely_not = answer in (
        Answer.DOUBTED,
        Answer.DEFERRED,
        Answer.UNPREPARED,
        Answer.UNREACHABLE,
        Answer.UNTRIED,
    )
    assert decision.undoes == (surely_not and decision.state is PENDING)


@given(answer=st.sampled_from(Answer), case=circumstances)
def test_once_alone_an_effect_stays_alone_until_it_is_final(answer: Answer, case: dict[str, Any]) -> None:
    decision = decide(answer, **case | {"alone": True})

    assert decision.alone or decision.is_final


def test_the_wait_grows_from_a_minute_to_twelve_hours_and_stays_there() -> None:
    minutes = [backoff(attempts) / MINUTE for attempts in range(1, 10)]

    assert minutes == [1, 5, 15, 60, 180, 360, 720, 720, 720]


def test_eight_attempts_are_spread_over_more_than_a_night() -> None:
    total = sum((backoff(attempts) for attempts in range(1, 8)), timedelta())

    assert timedelta(hours=12) < total < timedelta(days=2)


@given(key=st.text(), minutes=st.integers(1, 720))
def test_jitter_stretches_a_wait_by_at_most_a_fifth_and_always_alike(key: str, minutes: int) -> None:
    wait = timedelta(minutes=minutes)

    assert wait <= jittered(wait, key) <= wait * 1.2
    assert jittered(wait, key) == jittered(wait, key)


def test_effects_that_failed_together_come_back_spread_out() -> None:
    waits = sorted(jittered(timedelta(minutes=10), f"trial-reminder:sub-{n}:2026-12-01:7") for n in range(1000))

    assert waits[100] < timedelta(minutes=10.4)
    assert waits[900] > timedelta(minutes=11.6)
