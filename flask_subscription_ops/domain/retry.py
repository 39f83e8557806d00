"""Where an effect can stand, and what follows an answer: one table for every writer of an outcome."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

STEPS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720))
SNOOZE = timedelta(minutes=5)
JITTER_SHARE = 0.2


class EffectState(str, Enum):
    """Where an effect stands."""

    PENDING = "pending"
    SENDING = "sending"  # claimed under a lease
    DONE = "done"
    DEAD = "dead"  # refused, or tried too often: a human decides
    HELD = "held"  # outcome unknown, and its kind may go at most once
    SUPERSEDED = "superseded"  # its reason was gone when its turn came
    NO_RECIPIENT = "no_recipient"
    DROPPED = "dropped"  # given up by a human, for good


UNFINISHED = frozenset({EffectState.PENDING, EffectState.SENDING})
NEEDS_A_HUMAN = frozenset({EffectState.DEAD, EffectState.HELD})
SETTLED = frozenset({EffectState.DONE, EffectState.SUPERSEDED, EffectState.DROPPED})  # nearly all, in the end
OPEN = tuple(state for state in EffectState if state not in SETTLED)


class Answer(Enum):
    """What is known of an effect after it was claimed."""

    DONE = "done"
    REFUSED = "refused"  # it will never be taken as it is
    DOUBTED = "doubted"  # refused like all others of its run: rather a fault of the other side, which needs a human
    DEFERRED = "deferred"  # surely not done, for a reason of its own
    UNPREPARED = "unprepared"  # surely not done: what makes it, such as a template, is at fault and needs a human
    UNREACHABLE = "unreachable"  # the other side could not be reached or used: nothing of the effect's own
    UNKNOWN = "unknown"  # it may have happened
    CANNOT_ASK = "cannot_ask"  # tried before, and nobody can tell now whether it happened
    UNTRIED = "untried"  # claimed, and given back
    HANGING = "hanging"  # under way beyond its deadline: ours until it returns or the lease ends
    CUT_OFF = "cut_off"  # the lease ended before there was an answer, mostly with its worker


FINAL = {Answer.DONE: EffectState.DONE, Answer.REFUSED: EffectState.DEAD}
NEVER_COUNT = frozenset({Answer.UNREACHABLE, Answer.CANNOT_ASK, Answer.UNTRIED})
SURELY_NOT = frozenset({Answer.DOUBTED, Answer.DEFERRED, Answer.UNPREPARED, Answer.UNREACHABLE, Answer.UNTRIED})
ALARMS = frozenset({Answer.DOUBTED, Answer.UNPREPARED})
MAY_HAVE_HAPPENED = frozenset({Answer.UNKNOWN, Answer.CUT_OFF})


@dataclass(frozen=True)
class Decision:
    """What follows an answer.

    `wait` lasts until the next try; None leaves the instant from which it is due, and so its urgency, as it is.
    `counts` keeps the claim as a try. `undoes` says that it surely did not happen this time: what the claim noted
    about a possible hand-over is taken back. An effect that is `alone` is claimed by itself from now on. `alarms` says
    that a person is needed although it is tried again.
    """

    state: EffectState
    wait: timedelta | None = None
    counts: bool = True
    undoes: bool = False
    alone: bool = False
    alarms: bool = False

    @property
    def is_final(self) -> bool:
        """Whether nothing more is done about it."""
        return self.state not in UNFINISHED

    @property
    def needs_a_human(self) -> bool:
        """Whether a person must look at it."""
        return self.alarms or self.state in NEEDS_A_HUMAN


def decide(
    answer: Answer, *, attempts: int, max_attempts: int, at_most_once: bool, marked: bool, alone: bool
) -> Decision:
    """Return what follows; `attempts` counts the claims of the effect, the answered one included.

    `marked` says that from some instant on it may have happened. What ends its worker each time is dead only once it
    was claimed `alone`, so that nothing else can be the cause.
    """
    if answer in FINAL:
        return Decision(FINAL[answer])
    if answer in NEVER_COUNT:
        return Decision(EffectState.PENDING, _snooze(answer, alone), False, answer in SURELY_NOT, alone)
    if answer is Answer.HANGING:
        return Decision(EffectState.SENDING, backoff(attempts), alone=alone)
    if answer in MAY_HAVE_HAPPENED and at_most_once and marked:
        return Decision(EffectState.HELD)
    is_proven = alone or answer is not Answer.CUT_OFF
    if attempts >= max_attempts and is_proven:
        return Decision(EffectState.DEAD)
    return _again(answer, attempts, alone)


def _again(answer: Answer, attempts: int, alone: bool) -> Decision:
    if answer is Answer.CUT_OFF:  # once with others, once alone: from then on it is the likely cause, and waits
        return Decision(EffectState.PENDING, backoff(attempts - 2) if attempts > 2 else None, alone=True)
    undoes, alarms = answer in SURELY_NOT, answer in ALARMS
    return Decision(EffectState.PENDING, backoff(attempts), undoes=undoes, alone=alone, alarms=alarms)


def _snooze(answer: Answer, alone: bool) -> timedelta | None:
    # Whoever waits for the other side keeps its place in the queue; one that is alone must not block others like it.
    is_put_off = answer is Answer.CANNOT_ASK or (answer is Answer.UNREACHABLE and alone)
    return SNOOZE if is_put_off else None


def backoff(attempts: int) -> timedelta:
    """Return the wait after the given number of failed attempts: 1 min, 5 min, ... at most 12 h."""
    return STEPS[min(max(attempts, 1), len(STEPS)) - 1]


def jittered(wait: timedelta, key: str) -> timedelta:
    """Stretch a wait by up to a fifth, by an amount that depends on the key alone.

    Effects that failed together do not come back together, and a test knows when each one does.
    """
    share = zlib.crc32(key.encode()) / 0xFFFFFFFF
    return wait * (1 + JITTER_SHARE * share)
