"""The channel of workspace operations: several at once, each cut off at its deadline."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ..domain.retry import Answer
from ..domain.states import WorkspaceWish
from ..errors import ConfigurationError, PermanentFailure, UnknownOutcome
from ..models import OutboxMessage
from ..outside.call import Call
from ..outside.reach import was_not_reached
from ..outside.text import describe
from ..runtime import Runtime
from ..workspaces.base import Operation
from .claim import claim_operations
from .delivery import CLAIMS_IN_VAIN, Delivery
from .effects import WORKSPACES
from .lease import Lease
from .reasons import read_details
from .settle import Ledger, fail

CLAIM_SIZE = 20  # operations under one lease
SIDE_BY_SIDE = 8
PATIENCE = 1.0  # seconds that a slow operation is waited for before the next one starts beside it


class Operations:
    """Carries out due operations; those that did not reach the provisioner, or have none, wait for the next run."""

    name = WORKSPACES
    calls_them = "operations"

    def __init__(self, delivery: Delivery) -> None:
        self.waits_for = self.fault = ""
        self.problem: ConfigurationError | None = None
        self._delivery, self._runtime = delivery, delivery.runtime
        self._in_vain = 0  # claims in a row of which nothing reached a provisioner

    def work(self, limit: int, *, alone: bool) -> bool:
        """Carry out one claim's worth of due operations."""
        if self._in_vain == CLAIMS_IN_VAIN:
            return False
        delivery, size = self._delivery, 1 if alone else min(limit, CLAIM_SIZE)
        claim = claim_operations(self._runtime, delivery.clock(), size, delivery.part(self._in_vain, alone=alone))
        for broken in claim.broken:
            self._delivery.put_off.add(broken.id)
            fail(self._delivery.tally, broken, broken.error)
        ledger = Ledger(self._runtime, claim.lease, self._delivery.tally, self._delivery.clock)
        ledger.superseded(claim.replaced, "a newer operation has replaced it")
        if claim.messages:
            self._carry_out(claim.messages, claim.lease, ledger)
        self._delivery.count(len(claim.messages) + len(claim.replaced))
        return bool(claim.messages or claim.replaced or claim.broken)

    def _carry_out(self, messages: Sequence[OutboxMessage], lease: Lease, ledger: Ledger) -> None:
        flights = _Flights(self._delivery, lease, ledger)
        flights.run(messages)
        if flights.not_reached:
            self.waits_for, self.fault = "the provisioner cannot be reached", flights.fault
        self.problem = self.problem or flights.problem
        waiting = [*flights.not_reached, *flights.not_set_up]
        self._delivery.put_off |= {message.id for message in waiting}
        self._in_vain = self._in_vain + 1 if len(waiting) == len(messages) else 0


@dataclass
class _Flight:
    """One operation under way, until `ends` on the monotonic clock."""

    message: OutboxMessage
    call: Call
    ends: float
    is_cut_off: bool = False

    def seconds_left(self) -> float:
        return max(0.0, self.ends - time.monotonic())


class _Flights:
    """The operations of one claim: started one after the other, beside those that take long."""

    def __init__(self, delivery: Delivery, lease: Lease, ledger: Ledger) -> None:
        self._delivery, self._runtime, self._lease, self._ledger = delivery, delivery.runtime, lease, ledger
        self._flights: list[_Flight] = []
        self.not_reached: list[OutboxMessage] = []
        self.fault = ""  # why one of those was not reached
        self.not_set_up: list[OutboxMessage] = []
        self.problem: ConfigurationError | None = None  # what one of those lacks

    def run(self, messages: Sequence[OutboxMessage]) -> None:
        for position, message in enumerate(messages):
            self._make_room()
            if self._must_end():
                self._ledger.record(messages[position:], Answer.UNTRIED)
                break
            self._start(message)
        while self._under_way():
            self._wait(self._under_way()[0])
        self._land()

    def _must_end(self) -> bool:
        return not self._lease.covers(self._runtime.settings.hook_timeout) or self._delivery.is_stopping()

    def _start(self, message: OutboxMessage) -> None:
        ends = time.monotonic() + self._runtime.settings.hook_timeout
        flight = _Flight(message, Call(self._runtime.app.app_context, _carry_out, self._runtime, message), ends)
        self._flights.append(flight)
        self._wait(flight, PATIENCE)

    def _make_room(self) -> None:
        while len(self._under_way()) >= SIDE_BY_SIDE:
            self._wait(self._under_way()[0], PATIENCE)

    def _wait(self, flight: _Flight, at_most: float = float("inf")) -> None:
        flight.call.wait(min(at_most, flight.seconds_left()))
        self._land()

    def _under_way(self) -> list[_Flight]:
        return [flight for flight in self._flights if not flight.is_cut_off]

    def _land(self) -> None:
        for flight in list(self._flights):
            if flight.call.wait(0):
                self._flights.remove(flight)
                self._settle(flight)
            elif not flight.is_cut_off and not flight.seconds_left():
                flight.is_cut_off = True
                limit = f"{self._runtime.settings.hook_timeout:g} s"
                error = f"cut off after {limit}: make it faster or raise SUBS_HOOK_TIMEOUT"
                self._ledger.record([flight.message], Answer.HANGING, error)

    def _settle(self, flight: _Flight) -> None:
        try:
            flight.call.result(0)
        except ConfigurationError as error:
            self._ledger.record([flight.message], Answer.UNTRIED)
            self.not_set_up.append(flight.message)
            self.problem = error
        except Exception as error:
            answer = self._hear(_answer(error))
            self._ledger.record([flight.message], answer, describe(error))
            if answer is Answer.UNREACHABLE:
                self.not_reached.append(flight.message)
                self.fault = describe(error)
        else:
            self._ledger.record([flight.message], self._hear(Answer.DONE))

    def _hear(self, answer: Answer) -> Answer:
        return self._delivery.believe(answer, WORKSPACES)


def _answer(error: Exception) -> Answer:
    if isinstance(error, PermanentFailure):
        return Answer.REFUSED
    if was_not_reached(error):
        return Answer.UNREACHABLE
    return Answer.UNKNOWN if isinstance(error, UnknownOutcome) else Answer.DEFERRED


def _carry_out(runtime: Runtime, message: OutboxMessage) -> None:
    account_id, subscription_id = message.account_id, message.subscription_id
    assert account_id is not None, "an operation is about an account"
    assert subscription_id is not None, "an operation is about a subscription"
    reason = str(read_details(message).get("reason", ""))
    operation = Operation(message.effect_key, message.product or "", reason, subscription_id)
    if message.kind == WorkspaceWish.STOP.value:
        runtime.provisioner.suspend(account_id, operation)
    else:
        runtime.provisioner.resume(account_id, operation)
