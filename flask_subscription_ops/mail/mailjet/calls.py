"""The send calls of one run, and what each answer, refusal or silence means for its emails."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...errors import EffectError, TemporaryFailure
from ...outside.call import within
from ...outside.deadline import Deadline
from ..base import Email, Outcome, Verdict
from .client import SEND, MailjetClient, Rejected
from .messages import judge_answers, payload_of, rows_of


class Calls:
    """Makes one call after the other, until Mailjet cannot be used; no fault of Mailjet raises."""

    def __init__(self, client: MailjetClient, timeout: float) -> None:
        self._client = client
        self._timeout = timeout
        self._down = ""

    def carry(self, batch: Sequence[Email]) -> Iterator[Outcome]:
        """Yield one outcome for each email, as soon as it is known and within `timeout` seconds for all of them.

        A call that is refused as a whole did nothing and does not say which email is at fault: each is tried alone.
        """
        yield from self._carry(batch, Deadline(self._timeout))

    def _carry(self, batch: Sequence[Email], deadline: Deadline) -> Iterator[Outcome]:
        try:
            outcomes = self._answered(batch, deadline)
        except Rejected as error:
            if len(batch) > 1:
                for email in batch:
                    yield from self._carry([email], deadline)
                return
            outcomes = [Outcome(batch[0], Verdict.REFUSED, str(error))]
        self._down = next((outcome.detail for outcome in outcomes if outcome.unreachable), self._down)
        yield from (replace(outcome, more_follow=True) for outcome in outcomes[:-1])
        yield outcomes[-1]

    def _answered(self, batch: Sequence[Email], deadline: Deadline) -> list[Outcome]:
        """Return what one call came to; raise Rejected where it was refused and the answer names no email."""
        if self._down:
            return _all(batch, Verdict.DEFERRED, self._down)
        try:
            return judge_answers(batch, within(deadline.remaining(), _post, self._client, batch))
        except TimeoutError:
            return _all(batch, Verdict.DEFERRED, "not tried: the time for this call was over")
        except TemporaryFailure as error:
            return _all(batch, Verdict.DEFERRED, str(error))
        except Rejected as error:
            if rows_of(error.body, "Messages"):
                return judge_answers(batch, error.body)
            raise
        except EffectError as error:
            return _all(batch, Verdict.UNKNOWN, str(error))


def _all(batch: Sequence[Email], verdict: Verdict, reason: str) -> list[Outcome]:
    return [Outcome(email, verdict, reason, unreachable=True) for email in batch]


def _post(client: MailjetClient, batch: Sequence[Email]) -> bytes:
    # Of the effect keys, as two emails may have the same text.
    keys = "\n".join(email.key for email in batch)
    return client.post(SEND, payload_of(batch), {"Idempotency-Key": hashlib.sha256(keys.encode()).hexdigest()})
