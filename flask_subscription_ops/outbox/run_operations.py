"""Carry out claimed workspace operations, several at once, each cut off at its deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..domain.states import WorkspaceWish
from ..errors import ConfigurationError, PermanentFailure, UnknownOutcome
from ..models import OutboxMessage
from ..models.types import Unreadable
from ..outside.call import Call
from ..outside.text import describe
from ..runtime import Runtime
from ..workspaces.base import Operation
from .claim import claim_operations
from .lease import Lease
from .settle import Ledger
from .tally import Tally

CLAIM_SIZE = 20  # operations under one lease
SIDE_BY_SIDE = 8
PATIENCE = 1.0  # seconds that a slow operation is waited for before the next one starts beside it


def run_due_operations(runtime: Runtime, tally: Tally, now: Callable[[], datetime], limit: int) -> int:
    """Carry out one claim's worth of due operations; return how many were claimed."""
    claim = claim_operations(runtime, now(), min(limit, CLAIM_SIZE))
    ledger = Ledger(runtime, claim.lease, tally, now)
    ledger.superseded(claim.replaced, "a newer operation has replaced it")
    _Flights(runtime, claim.lease, ledger).run(claim.messages)
    return len(claim.messages) + len(claim.replaced)


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

    def __init__(self, runtime: Runtime, lease: Lease, ledger: Ledger) -> None:
        self._runtime, self._lease, self._ledger = runtime, lease, ledger
        self._flights: list[_Flight] = []
        self._unusable: ConfigurationError | None = None

    def run(self, messages: Sequence[OutboxMessage]) -> None:
        for position, message in enumerate(messages):
            self._make_room()
            if not self._lease.covers(self._runtime.settings.hook_timeout):
                self._ledger.released(messages[position:])
                break
            self._start(message)
        while self._under_way():
            self._wait(self._under_way()[0])
        self._land()
        if self._unusable:
            raise self._unusable

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
                self._ledger.cut_off(
                    flight.message, f"cut off after {limit}: make it faster or raise SUBS_HOOK_TIMEOUT"
                )

    def _settle(self, flight: _Flight) -> None:
        try:
            flight.call.result(0)
        except ConfigurationError as error:
            self._ledger.released([flight.message])
            self._unusable = error
        except PermanentFailure as error:
            self._ledger.refused(flight.message, describe(error))
        except UnknownOutcome as error:
            self._ledger.uncertain(flight.message, describe(error))
        except Exception as error:
            self._ledger.postponed(flight.message, describe(error))
        else:
            self._ledger.done([flight.message])


def _carry_out(runtime: Runtime, message: OutboxMessage) -> None:
    account_id, subscription_id = message.account_id, message.subscription_id
    assert account_id is not None, "an operation is about an account"
    assert subscription_id is not None, "an operation is about a subscription"
    if isinstance(message.details, Unreadable):
        raise PermanentFailure(f"its details are {message.details}: look at its row, then drop it")
    reason = str(message.details.get("reason", ""))
    operation = Operation(message.effect_key, message.product or "", reason, subscription_id)
    if message.kind == WorkspaceWish.STOP.value:
        runtime.provisioner.suspend(account_id, operation)
    else:
        runtime.provisioner.resume(account_id, operation)
