"""Send emails over one or more connections; each outcome is written down before the next email leaves.

An email is rendered when it is pulled: meanwhile the other connections wait for their servers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from ..domain.retry import Answer
from ..errors import ConfigurationError
from ..models import OutboxMessage
from .delivery import Delivery
from .effects import EMAIL
from .lease import Lease
from .prepare import Ready, not_made
from .settle import Ledger
from .tally import Tally
from .writer import Writer

if TYPE_CHECKING:
    from ..mail.base import Email, Outcome


class Senders:
    """The connections that share a claim's emails."""

    def __init__(self, delivery: Delivery, lease: Lease, ready: Sequence[Ready]) -> None:
        self._delivery = delivery
        connections = min(delivery.runtime.transport.connections, len(ready))
        self._is_over = threading.Event()
        self._senders = [_Sender(delivery, lease, ready[i::connections], self._is_over) for i in range(connections)]

    @property
    def fault(self) -> str | None:
        """Why the transport could not be reached; None where it was."""
        return next((sender.fault for sender in self._senders if sender.fault is not None), None)

    def run(self) -> None:
        """Send; raises what ended one of them, when all have ended."""
        try:
            self._side_by_side()
        finally:
            for sender in self._senders:
                self._delivery.tally.add(sender.tally)

    def _side_by_side(self) -> None:
        if len(self._senders) == 1:
            self._senders[0].run()
            return
        threads = [threading.Thread(target=s.run_caught, name="subscription-ops-mail") for s in self._senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for sender in self._senders:
            if sender.error is not None:
                raise sender.error


class _Sender:
    """One connection's share of a claim."""

    def __init__(self, delivery: Delivery, lease: Lease, ready: Sequence[Ready], is_over: threading.Event) -> None:
        self._delivery, self._runtime, self._lease, self._is_over = delivery, delivery.runtime, lease, is_over
        self.tally = Tally()  # its own, as senders run side by side
        self.fault: str | None = None  # why the transport cannot be reached
        self.error: Exception | None = None
        self._waiting = list(reversed(ready))
        self._messages = {item.key: item.message for item in ready}
        self._accepted: list[OutboxMessage] = []

    def run_caught(self) -> None:
        """Run in a thread: within the app's context, as receivers of signals expect."""
        try:
            with self._runtime.app.app_context():
                self.run()
        except Exception as error:
            self.error = error

    def run(self) -> None:
        with closing(Writer(self._runtime, self._lease, keeps=True)) as writer:
            self._ledger = Ledger(self._runtime, self._lease, self.tally, self._delivery.clock, writer)
            try:
                for outcome in self._runtime.transport.send(self._emails()):
                    self._book(outcome)
            except BaseException:
                self._is_over.set()
                raise
            finally:
                self._write_accepted()
                self._ledger.record([item.message for item in self._waiting], Answer.UNTRIED)

    def _emails(self) -> Iterator[Email]:
        while self._waiting and not self._is_over.is_set() and not self._delivery.is_stopping():
            if not self._lease.covers(self._runtime.settings.mail_timeout):
                return
            item = self._waiting.pop()
            email = self._render(item)
            if email is not None and self._may_go(item.message):
                yield email

    def _render(self, item: Ready) -> Email | None:
        """Templates are the host's: they may fail in any way, each for its own email."""
        try:
            return self._runtime.renderer.render(item.notice)
        except ConfigurationError:
            raise
        except Exception as error:
            not_made(self._ledger, item.message, error)
        return None

    def _may_go(self, message: OutboxMessage) -> bool:
        at_most_once = message.kind in self._runtime.settings.emails_at_most_once
        return not at_most_once or self._ledger.mark(message)

    def _book(self, outcome: Outcome) -> None:
        message = self._messages[outcome.email.key]
        answer = self._delivery.believe(_answer(outcome), EMAIL)
        if outcome.unreachable:
            self.fault = outcome.detail
            self._is_over.set()
        if answer is Answer.DONE:
            self._accepted.append(message)
        else:
            self._ledger.record([message], answer, outcome.detail)
        if not outcome.more_follow:
            self._write_accepted()

    def _write_accepted(self) -> None:
        if self._accepted:
            self._ledger.record(self._accepted, Answer.DONE)
            self._accepted = []


def _answer(outcome: Outcome) -> Answer:
    from ..mail.base import Verdict

    if outcome.verdict is Verdict.DEFERRED and outcome.unreachable:
        return Answer.UNREACHABLE
    return {
        Verdict.ACCEPTED: Answer.DONE,
        Verdict.DEFERRED: Answer.DEFERRED,
        Verdict.REFUSED: Answer.REFUSED,
        Verdict.UNKNOWN: Answer.UNKNOWN,
    }[outcome.verdict]
