"""Write down what became of a claimed effect, at once, and only while the claim still holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Update, update

from ..domain.retry import EffectState, backoff, jittered
from ..models import OutboxMessage
from ..outside.logs import logger
from ..outside.text import redacted
from ..runtime import Runtime
from ..signals import effect_failed, send
from .claim import RELEASED
from .lease import Lease
from .tally import Tally

log = logger()


class Ledger:
    """Records outcomes under one lease; every write is one statement, committed in its own round trip."""

    def __init__(
        self,
        runtime: Runtime,
        lease: Lease,
        tally: Tally,
        now: Callable[[], datetime],
        connection: Connection | None = None,
    ) -> None:
        self._runtime, self._lease, self._tally, self._now = runtime, lease, tally, now
        self._connection = connection

    def done(self, messages: Sequence[OutboxMessage]) -> None:
        """These have happened."""
        if self._close(messages, EffectState.DONE, attempts=OutboxMessage.attempts + 1, last_error=None):
            self._tally.delivered.update(message.kind for message in messages)

    def superseded(self, messages: Sequence[OutboxMessage], reason: str) -> None:
        """The reason for these was gone when their turn came."""
        if self._close(messages, EffectState.SUPERSEDED, last_error=reason):
            self._tally.superseded.update(message.kind for message in messages)

    def no_recipient(self, message: OutboxMessage) -> None:
        """The account is known, but nobody of it can be written to."""
        if self._close([message], EffectState.NO_RECIPIENT, last_error="the contact has no email address"):
            self._tally.no_recipient[message.kind] += 1
            log.warning("%s has no recipient", message.effect_key)

    def released(self, messages: Sequence[OutboxMessage]) -> None:
        """These were claimed and not tried this time; those never tried before are as new."""
        fresh = [message for message in messages if message.first_tried_at is None]
        self._write(fresh, state=EffectState.PENDING.value, first_tried_at=None, **RELEASED)
        self._write([m for m in messages if m not in fresh], state=EffectState.PENDING.value, **RELEASED)

    def refused(self, message: OutboxMessage, error: str) -> None:
        """It will never be taken as it is."""
        self._fail(message, error, EffectState.DEAD)

    def postponed(self, message: OutboxMessage, error: str) -> None:
        """It surely did not happen: tried again later, and dead after too many tries."""
        self._fail(message, error, self._again(message), first_tried_at=None, marked_at=None)

    def uncertain(self, message: OutboxMessage, error: str) -> None:
        """It may have happened: tried again as the same effect, unless its kind may go at most once."""
        once = message.kind in self._runtime.settings.emails_at_most_once
        self._fail(message, error, EffectState.HELD if once else self._again(message))

    def cut_off(self, message: OutboxMessage, error: str) -> None:
        """It is still running beyond its deadline: it stays ours until it returns, or until the lease ends."""
        due_at = self._now() + jittered(backoff(message.attempts + 1), message.effect_key)
        self._write([message], attempts=OutboxMessage.attempts + 1, last_error=error, due_at=due_at)
        self._report(message, error, EffectState.SENDING)

    def mark(self, message: OutboxMessage) -> bool:
        """Note that from now on it may have happened; False where the claim is lost."""
        return self._write([message], marked_at=self._now())

    def _again(self, message: OutboxMessage) -> EffectState:
        return EffectState.DEAD if message.attempts + 1 >= self._runtime.settings.max_attempts else EffectState.PENDING

    def _close(self, messages: Sequence[OutboxMessage], state: EffectState, **values: Any) -> bool:
        kept = self._write(messages, state=state.value, done_at=self._now(), **values, **RELEASED)
        if messages and not kept:
            log.warning("the claim on %s and others was lost to a newer one", messages[0].effect_key)
        return kept

    def _fail(self, message: OutboxMessage, error: str, state: EffectState, **values: Any) -> None:
        due_at = self._now() + jittered(backoff(message.attempts + 1), message.effect_key)
        if state is not EffectState.PENDING:
            values |= {"done_at": self._now()}
        else:
            values |= {"due_at": due_at}
        attempts, last_error = OutboxMessage.attempts + 1, error
        if self._write([message], state=state.value, attempts=attempts, last_error=last_error, **values, **RELEASED):
            self._report(message, error, state)

    def _report(self, message: OutboxMessage, error: str, state: EffectState) -> None:
        report_failure(self._runtime, self._tally, message, state, error)

    def _write(self, messages: Sequence[OutboxMessage], **values: Any) -> bool:
        if not messages:
            return False
        statement = (
            update(OutboxMessage)
            .where(
                OutboxMessage.id.in_([message.id for message in messages]),
                OutboxMessage.lease_token == self._lease.token,
                OutboxMessage.state == EffectState.SENDING.value,
            )
            .values(**values)
        )
        return self._execute(statement) == len(messages)

    def _execute(self, statement: Update) -> int:
        if self._connection is not None:
            return self._connection.execute(statement).rowcount
        with self._runtime.autocommitting() as connection:
            return connection.execute(statement).rowcount


def report_failure(runtime: Runtime, tally: Tally, message: OutboxMessage, state: EffectState, error: str) -> None:
    """Count, log and signal one effect that did not happen, or may not have."""
    tally.failed[message.kind] += 1
    tally.fail(message.effect_key, error)
    log.warning("%s failed and is %s", message.effect_key, state.value)
    facts = {"effect_key": message.effect_key, "kind": message.kind, "account_id": message.account_id}
    send(effect_failed, runtime.app, state=state.value, error=redacted(error), **facts)
