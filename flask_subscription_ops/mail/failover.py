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
        lanes = [_Lane(transport) for transport in self.transports]
        try:
            while batch := list(islice(waiting, _call_size(lanes))):
                yield from _settle(batch, lanes)
        finally:
            for lane in lanes:
                lane.close()

    def find_accepted(self, keys: Sequence[str]) -> Mapping[str, bool | None] | None:
        """Ask every transport that can be asked; "no" needs all of them, since any may have taken it."""
        found = [transport.find_accepted(keys) for transport in self.transports]
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


class _Lane:
    """One transport's `send`, kept open while its emails come a few at a time."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.is_down = False
        self._emails: deque[Email] = deque()
        self._outcomes = transport.send(self)

    def __iter__(self) -> Iterator[Email]:
        return self

    def __next__(self) -> Email:
        if not self._emails:
            raise StopIteration  # until `carry` brings more
        return self._emails.popleft()

    def carry(self, emails: Sequence[Email]) -> Iterator[Outcome]:
        self._emails.extend(emails)
        for _ in emails:
            outcome = next(self._outcomes)
            self.is_down = self.is_down or outcome.unreachable
            yield outcome

    def close(self) -> None:
        close = getattr(self._outcomes, "close", None)  # an iterator need not have one
        if close:
            close()


def _call_size(lanes: Sequence[_Lane]) -> int:
    return next((lane.transport.batch_size for lane in lanes if not lane.is_down), 1)


def _settle(batch: Sequence[Email], lanes: Sequence[_Lane]) -> Iterator[Outcome]:
    """Yield one final outcome for each email, as soon as it is known."""
    usable = [lane for lane in lanes if not lane.is_down]
    deferred: list[Outcome] = []
    for lane in usable or lanes[-1:]:
        deferred = []
        for outcome in lane.carry(batch):
            if outcome.verdict is Verdict.DEFERRED:
                deferred.append(outcome)
            else:
                yield outcome
        batch = [outcome.email for outcome in deferred]
        if not batch:
            return
    is_down = all(lane.is_down for lane in lanes)
    yield from (replace(outcome, unreachable=is_down) for outcome in deferred)


def _agreed(answers: Sequence[bool | None], *, everybody: bool) -> bool | None:
    if any(answers):
        return True
    return False if everybody and None not in answers else None


def _checked(transport: Transport) -> tuple[bool, str]:
    try:
        return True, transport.check()
    except EffectError as error:
        return False, f"{transport.name}: {error}"
