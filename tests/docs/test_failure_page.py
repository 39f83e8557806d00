"""docs/explanation/after-a-failure.md says of each answer what the code decides."""

from __future__ import annotations

from datetime import timedelta

from flask_subscription_ops.domain.retry import SNOOZE, STEPS, Answer, Decision, decide
from flask_subscription_ops.settings import Settings

from .pages import picture, read, rows, words_in

PAGE = "explanation/after-a-failure.md"
LAST = Settings().max_attempts


def test_the_table_is_what_is_decided() -> None:
    listed = {row[0]: row[2:] for row in rows(read(PAGE))}

    assert listed == {answer.value: decided(answer) for answer in Answer}


def decided(answer: Answer) -> list[str]:
    first, last = after(answer, 1), after(answer, LAST)
    waits = [wait_of(after(answer, attempts).wait) for attempts in range(1, LAST)]
    alike = waits[:1] if len(set(waits)) == 1 else waits
    counts, code = "yes" if first.counts else "no", "1" if first.needs_a_human else "0"
    return [first.state.value, ", ".join(alike), counts, code, last.state.value]


def after(answer: Answer, attempts: int) -> Decision:
    return decide(
        answer, attempts=attempts, max_attempts=LAST, at_most_once=False, marked=False, alone=answer is Answer.CUT_OFF
    )


def wait_of(wait: timedelta | None) -> str:
    if wait is None:
        return "-"
    minutes = int(wait.total_seconds() // 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"


def test_what_may_have_happened_of_a_kind_that_goes_at_most_once_is_held_and_nothing_else_is() -> None:
    held = {
        answer
        for answer in Answer
        if decide(answer, attempts=1, max_attempts=LAST, at_most_once=True, marked=True, alone=False).state == "held"
    }

    assert held == {Answer.UNKNOWN, Answer.CUT_OFF}


def test_the_picture_names_the_states_that_the_table_leads_to() -> None:
    drawn = {words_in(shape)[0] for shape in picture("effect.svg") if "state" in shape.get("class", "").split()}

    assert drawn == {state for answer in Answer for state in (decided(answer)[0], decided(answer)[-1])} | {"held"}


def test_the_page_tells_the_default_and_the_short_wait() -> None:
    assert f"`SUBS_MAX_ATTEMPTS` ({LAST})" in read(PAGE)
    assert (len(STEPS), SNOOZE) == (LAST - 1, timedelta(minutes=5))
