"""Several transports in order: the next one carries what the one before it surely did not take."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from ..errors import EffectError, TemporaryFailure
from .base import Email, Outcome, Transport, Verdict


class FailoverTransport:
    """Moves an email on only when it was DEFERRED; one that may have been taken stays where it is.

    A transport that could not be used at all is left out for the rest of one `send`.
    """

    name = "failover"

    def __init__(self, transports: Sequence[Transport]) -> None:
        self.transports = tuple(transports)
        self.batch_size = max(transport.batch_size for transport in self.transports)
        self.connections = min(transport.connections for transport in self.transports)

    def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
        """Hand over what the first usable transport takes in one call, and settle it, before pulling more."""
        waiting = iter(emails)
        legs = [_Leg(transport) for transport in self.transports]
        try:
            while batch := list(islice(waiting, _call_size(legs))):
                yield from _settle(batch, legs)
        finally:
            for leg in legs:
                leg.close()

    def find_accepted(self, keys: Sequence[str]) -> Mapping[str, bool | None] | None:
        """Ask every transport that can be asked; "no" needs all of them, since any may have taken it."""
        found = [_told(transport, keys) for transport in self.transports]
        asked = [answers for answers in found if answers is not None]
        if not asked:
            return None
        return {
            key: _agreed([answers.get(key) for answers in asked], everybody=len(asked) == len(found))
            for key in keys
            if any(answers.get(key) for answers in asked) or all(key in answers for answers in asked)
        }

    def check(self) -> str:
        """Check them all; raise only when none can be used."""
        results = [_checked(transport) for transport in self.transports]
        report = "; ".join(sentence for _, sentence in results)
        if not any(usable for usable, _ in results):
            raise TemporaryFailure(f"no transport can be used: {report}")
        return report


class _Leg:
    """One transport's `send`, kept open while its emails come a few at a time."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.is_down = False
        self._waiting: deque[Email] = deque()
        self._outcomes = transport.send(self._handed_over())

    def carry(self, emails: Sequence[Email]) -> Iterator[Outcome]:
        self._waiting.extend(emails)
        for _ in emails:
            outcome = self._next_outcome()
            self.is_down = self.is_down or outcome.unreachable
            yield outcome

    def close(self) -> None:
        close = getattr(self._outcomes, "close", None)  # an iterator need not have one
        if close:
            close()

    def _next_outcome(self) -> Outcome:
        outcome = next(self._outcomes, None)
        if outcome is None:  # a transport that looked further than its call saw the end of what there was
            self._outcomes = self.transport.send(self._handed_over())
            outcome = next(self._outcomes)
        return outcome

    def _handed_over(self) -> Iterator[Email]:
        while self._waiting:
            yield self._waiting.popleft()


def _call_size(legs: Sequence[_Leg]) -> int:
    return next((leg.transport.batch_size for leg in legs if not leg.is_down), 1)


def _settle(batch: Sequence[Email], legs: Sequence[_Leg]) -> Iterator[Outcome]:
    """Yield one final outcome for each email, as soon as it is known."""
    usable = [leg for leg in legs if not leg.is_down] or legs[-1:]
    for leg in usable:
        deferred = []
        for outcome in leg.carry(batch):
            if outcome.verdict is Verdict.DEFERRED and leg is not usable[-1]:
                deferred.append(outcome.email)
            else:
                yield replace(outcome, unreachable=all(leg.is_down for leg in legs))
        batch = deferred
        if not batch:
            return


def _told(transport: Transport, keys: Sequence[str]) -> Mapping[str, bool | None] | None:
    """A transport that cannot be asked now keeps back no other's answer."""
    try:
        return transport.find_accepted(keys)
    except EffectError:
        return {}


def _agreed(answers: Sequence[bool | None], *, everybody: bool) -> bool | None:
    if any(answers):
        return True
    return False if everybody and None not in answers else None


def _checked(transport: Transport) -> tuple[bool, str]:
    try:
        return True, transport.check()
    except EffectError as error:
        return False, f"{transport.name}: {error}"
