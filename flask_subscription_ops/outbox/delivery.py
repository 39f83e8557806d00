"""One run's deliveries: what they work with, and what they have learnt about the other sides so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ..runtime import Runtime
from .tally import Tally

NO_LIMIT = 10**9
CLAIMS_IN_VAIN = 3  # in a row, after which a channel's other side counts as away for the rest of the run


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

    @property
    def room(self) -> int:
        """How many more effects may be claimed."""
        return 0 if self.is_stopping() else self.limit - self.handled

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

    def __init__(self, delivery: Delivery) -> None: ...

    def work(self, limit: int, *, alone: bool) -> bool:
        """Do one claim's worth of what is due; tell whether there may be more.

        With `alone` it claims one effect that may have ended its worker before; without it, only others.
        """
