"""One run's deliveries: what they work with, and what they have learnt about the other sides so far."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ..domain.retry import Answer
from ..errors import ConfigurationError
from ..runtime import Runtime
from .claim import Part
from .tally import Tally

NO_LIMIT = 10**9
CLAIMS_IN_VAIN = 3  # in a row, after which a channel's other side counts as away for the rest of the run
MOST_PUT_OFF = 10_000  # effects, so that a statement can name them


@dataclass
class Delivery:
    """What every channel of a run shares.

    `limit` counts effects. `may_lose` is asked before emails are given up because their accounts are gone, with how
    many accounts that is, and whether nobody is left; where it says no, no email leaves any more.
    """

    runtime: Runtime
    tally: Tally
    clock: Callable[[], datetime]
    limit: int = NO_LIMIT
    progress: Callable[[int], None] = lambda done: None
    is_stopping: Callable[[], bool] = lambda: False
    may_lose: Callable[[int, bool], bool] = lambda gone, everybody: True
    handled: int = 0
    put_off: set[int] = field(default_factory=set)  # ids that are not claimed again in this run
    heard: defaultdict[str, Counter[Answer]] = field(default_factory=lambda: defaultdict(Counter))  # by channel

    @property
    def room(self) -> int:
        """How many more effects may be claimed."""
        is_over = self.is_stopping() or len(self.put_off) > MOST_PUT_OFF
        return 0 if is_over else self.limit - self.handled

    def part(self, claims_in_vain: int, *, alone: bool) -> Part:
        """Return what the next claim is to take, after so many in a row that were in vain.

        The one that decides whether the other side is away is taken from the queue's other end: what fails for each
        of many effects at its head does not hold up those behind them.
        """
        return Part(alone, latest=claims_in_vain == CLAIMS_IN_VAIN - 1, without=self.put_off)

    def believe(self, answer: Answer, channel: str) -> Answer:
        """Return what to make of an answer of a channel's other side.

        Refusals are doubted where it has refused more than SUBS_BRAKE_MIN effects of this run and done none.
        """
        heard = self.heard[channel]
        heard[answer] += 1
        is_many = heard[Answer.REFUSED] > self.runtime.settings.brake_min
        return Answer.DOUBTED if answer is Answer.REFUSED and is_many and not heard[Answer.DONE] else answer

    def count(self, effects: int) -> None:
        """Note that so many effects were handled."""
        self.handled += effects
        self.progress(effects)


class Channel(Protocol):
    """One way out for effects. Adding one is a class, and a row in CHANNELS."""

    name: str
    calls_them: str  # what its effects are for people
    waits_for: str  # what some of them wait for, once the other side turned out to be away; else empty
    fault: str  # what it was away with, in the words of the error
    problem: ConfigurationError | None  # why some of them could not be tried: it is not set up for them

    def __init__(self, delivery: Delivery) -> None: ...

    def work(self, limit: int, *, alone: bool) -> bool:
        """Do one claim's worth of what is due; tell whether there may be more.

        With `alone` it claims one effect that may have ended its worker before; without it, only others.
        """
