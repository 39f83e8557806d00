"""Send claimed emails; each outcome is written down before the next email of its connection leaves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from ..models import OutboxMessage
from ..runtime import Runtime
from .claim import claim_emails
from .lease import Lease
from .prepare import Preparation, Ready
from .settle import Ledger
from .tally import Tally

if TYPE_CHECKING:
    from ..mail.base import Email, Outcome

CLAIM_SIZE = 100  # emails under one lease: small enough to be sent well within it


def send_due_emails(runtime: Runtime, tally: Tally, now: Callable[[], datetime], limit: int) -> int:
    """Send one claim's worth of due emails; return how many were claimed, or 0 where claiming more is of no use."""
    at = now()
    claim = claim_emails(runtime, at, min(limit, CLAIM_SIZE))
    if not claim.messages:
        return 0
    ledger = Ledger(runtime, claim.lease, tally, now)
    try:
        ready = _not_sent_before(runtime, Preparation(runtime, ledger, at).ready(claim.messages), ledger)
        reachable = _send(runtime, ready, claim.lease, tally, now)
    except ConfigurationError:
        ledger.released(claim.messages)
        raise
    return len(claim.messages) if reachable else 0


def _not_sent_before(runtime: Runtime, ready: Sequence[Ready], ledger: Ledger) -> list[Ready]:
    """Where an earlier try may have got through, ask the transport instead of sending again."""
    repeats = [item.email.key for item in ready if item.repeat]
    accepted = runtime.transport.find_accepted(repeats) if repeats else None
    if accepted is None:
        return list(ready)
    ledger.done([item.message for item in ready if item.repeat and accepted.get(item.email.key)])
    for item in ready:
        if item.repeat and item.email.key not in accepted:
            ledger.uncertain(item.message, "the transport cannot tell yet whether it was accepted before")
    return [item for item in ready if not item.repeat or accepted.get(item.email.key, True) in (False, None)]


def _send(runtime: Runtime, ready: Sequence[Ready], lease: Lease, tally: Tally, now: Callable[[], datetime]) -> bool:
    lines = min(runtime.transport.connections, len(ready))
    senders = [_Line(runtime, ready[i::lines], lease, now) for i in range(lines)]
    try:
        _run_side_by_side(senders)
    finally:
        for sender in senders:
            tally.add(sender.tally)
    return all(sender.reachable for sender in senders)


def _run_side_by_side(senders: Sequence[_Line]) -> None:
    if len(senders) == 1:
        senders[0].run()
        return
    threads = [threading.Thread(target=sender.run_caught, name="subscription-ops-mail") for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for sender in senders:
        if sender.error is not None:
            raise sender.error


class _Line:
    """One connection's share of a claim."""

    def __init__(self, runtime: Runtime, ready: Sequence[Ready], lease: Lease, now: Callable[[], datetime]) -> None:
        self._runtime, self._lease, self._now = runtime, lease, now
        self.tally = Tally()  # its own, as lines run side by side
        self._waiting = list(reversed(ready))
        self._messages = {item.email.key: item.message for item in ready}
        self._accepted: list[OutboxMessage] = []
        self.reachable = True
        self.error: Exception | None = None

    def run_caught(self) -> None:
        try:
            self.run()
        except Exception as error:
            self.error = error

    def run(self) -> None:
        with self._runtime.autocommitting() as connection:
            self._ledger = Ledger(self._runtime, self._lease, self.tally, self._now, connection)
            for outcome in self._runtime.transport.send(self._emails()):
                self._book(outcome)
            self._write_accepted()
            self._ledger.released([item.message for item in self._waiting])

    def _emails(self) -> Iterator[Email]:
        while self._waiting and self.reachable:
            self._write_accepted()
            if not self._lease.covers(self._runtime.settings.mail_timeout):
                return
            item = self._waiting.pop()
            if self._may_go(item.message):
                yield item.email
        self._write_accepted()

    def _may_go(self, message: OutboxMessage) -> bool:
        at_most_once = message.kind in self._runtime.settings.emails_at_most_once
        return not at_most_once or self._ledger.mark(message)

    def _book(self, outcome: Outcome) -> None:
        message, verdict = self._messages[outcome.email.key], outcome.verdict.value
        self.reachable = self.reachable and not outcome.unreachable
        if verdict == "accepted":
            self._accepted.append(message)
        elif verdict == "deferred":
            self._ledger.postponed(message, outcome.detail)
        elif verdict == "refused":
            self._ledger.refused(message, outcome.detail)
        elif verdict == "unknown":
            self._ledger.uncertain(message, outcome.detail)
        else:
            self._ledger.released([message])

    def _write_accepted(self) -> None:
        if self._accepted:
            self._ledger.done(self._accepted)
            self._accepted = []
