"""Where an effect can stand, and what follows a failure."""

from __future__ import annotations

import zlib
from datetime import timedelta
from enum import Enum

STEPS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720))
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


def backoff(attempts: int) -> timedelta:
    """Return the wait after the given number of failed attempts: 1 min, 5 min, ... at most 12 h."""
    return STEPS[min(max(attempts, 1), len(STEPS)) - 1]


def jittered(wait: timedelta, key: str) -> timedelta:
    """Stretch a wait by up to a fifth, by an amount that depends on the key alone.

    Effects that failed together do not come back together, and a test knows when each one does.
    """
    share = zlib.crc32(key.encode()) / 0xFFFFFFFF
    return wait * (1 + JITTER_SHARE * share)
