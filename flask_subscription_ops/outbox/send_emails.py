"""The channel of emails: claim, prepare, ask about earlier tries, send."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

from ..domain.retry import Answer
from ..errors import ConfigurationError, EffectError
from ..models import OutboxMessage
from ..outside.text import describe
from .claim import Claim, claim_emails
from .contacts import Answers, Asking
from .delivery import CLAIMS_IN_VAIN, Delivery
from .effects import EMAIL
from .gone import GoneAccounts
from .prepare import Preparation, Ready
from .senders import Senders
from .settle import Ledger, fail

if TYPE_CHECKING:
    from ..mail.base import Transport

CLAIM_SIZE = 100  # emails under one lease for each connection: few enough to be sent well within it


class Emails:
    """Sends due emails; stops for the rest of a run when the mail server, or the host's contacts hook, is away."""

    name = EMAIL
    calls_them = "emails"

    def __init__(self, delivery: Delivery) -> None:
        self.waits_for = self.fault = ""
        self.problem: ConfigurationError | None = None
        self._delivery, self._runtime = delivery, delivery.runtime
        self._asking, self._gone = Asking(delivery.runtime), GoneAccounts(delivery)
        self._has_stopped = False
        self._in_vain = 0  # claims in a row for whose accounts the hook answered nothing
        self._was_answered = False

    def work(self, limit: int, *, alone: bool) -> bool:
        """Send one claim's worth of due emails."""
        if self._has_stopped:
            return False
        delivery, most = self._delivery, CLAIM_SIZE * self._runtime.settings.mail_connections
        size, at = 1 if alone else min(limit, most), delivery.clock()
        claim = claim_emails(self._runtime, at, size, delivery.part(self._in_vain, alone=alone))
        for broken in claim.broken:
            self._delivery.put_off.add(broken.id)
            fail(self._delivery.tally, broken, broken.error)
        if not claim.messages:
            return bool(claim.broken)
        ledger = Ledger(self._runtime, claim.lease, self._delivery.tally, self._delivery.clock)
        try:
            self._carry_out(claim, ledger, Preparation(self._runtime, ledger, at), alone)
        except ConfigurationError as error:
            ledger.record(claim.messages, Answer.UNTRIED)
            self.problem, self._has_stopped = error, True
        return not self._has_stopped

    def _carry_out(self, claim: Claim, ledger: Ledger, preparation: Preparation, alone: bool) -> None:
        accounts = list(dict.fromkeys(m.account_id for m in claim.messages if m.account_id))  # the most urgent first
        answers = self._asking.ask(accounts)
        gone = answers.gone(accounts)
        if gone and not self._gone.may_be(gone, len(accounts)):
            ledger.record(claim.messages, Answer.UNTRIED)
            self._has_stopped = True
            return
        answered = self._settle_unanswered(claim, ledger, answers, answers.anybody(accounts), alone)
        ready = self._not_sent_before(preparation.ready(answered, answers.contacts), ledger)
        self._delivery.count(len(claim.messages) - sum(m.account_id in answers.unasked for m in claim.messages))
        senders = Senders(self._delivery, claim.lease, ready)
        senders.run()
        if senders.fault is not None:
            self.waits_for, self.fault, self._has_stopped = "the mail server cannot be reached", senders.fault, True

    def _not_sent_before(self, ready: Sequence[Ready], ledger: Ledger) -> list[Ready]:
        """Where an earlier try may have got through, ask the transport instead of sending again."""
        repeats = [item for item in ready if item.repeat]
        if not repeats:
            return list(ready)
        standing, fault = _standing_of(self._runtime.transport, [item.key for item in repeats])
        of = {each: [item.message for item in repeats if standing[item.key] is each] for each in _Standing}
        ledger.record(of[_Standing.ACCEPTED], Answer.DONE)
        ledger.record(of[_Standing.NOT_TOLD_NOW], Answer.CANNOT_ASK, fault)
        if of[_Standing.NOT_TOLD_NOW]:
            self.waits_for, self.fault = "the mail server cannot be asked about earlier tries", fault
        is_settled = {message.id for each in (_Standing.ACCEPTED, _Standing.NOT_TOLD_NOW) for message in of[each]}
        return [item for item in ready if item.message.id not in is_settled]

    def _settle_unanswered(
        self, claim: Claim, ledger: Ledger, answers: Answers, anybody: bool, alone: bool
    ) -> list[OutboxMessage]:
        """Put off the emails of accounts that the hook did not answer for; return the others.

        It is an account's own fault only where the hook did answer for another one.
        """
        self._was_answered = self._was_answered or anybody
        is_its_own = anybody or (alone and self._was_answered)
        self._in_vain = 0 if anybody or not answers.failed else self._in_vain + 1
        for message in claim.messages:
            error = answers.failed.get(message.account_id or "")
            if error is not None:
                ledger.record([message], Answer.DEFERRED if is_its_own else Answer.UNREACHABLE, error, apart=is_its_own)
                self._delivery.put_off.add(message.id)
        if answers.failed and not is_its_own:
            self.waits_for, self.fault = "the contacts hook does not answer", self._asking.fault
            self._has_stopped = self._in_vain >= CLAIMS_IN_VAIN
        ledger.record([m for m in claim.messages if m.account_id in answers.unasked], Answer.UNTRIED)
        unanswered = {*answers.failed, *answers.unasked}
        return [message for message in claim.messages if message.account_id not in unanswered]


class _Standing(Enum):
    """What the other side says about an email that may have been handed over before."""

    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not accepted"
    NEVER_TOLD = "never told"
    NOT_TOLD_NOW = "not told now"


def _standing_of(transport: Transport, keys: Sequence[str]) -> tuple[dict[str, _Standing], str]:
    """Return where each stands, and why some are not told of."""
    fault = "it cannot be told now whether it was accepted before"
    try:
        accepted = transport.find_accepted(keys)
    except EffectError as error:
        accepted, fault = {}, f"{fault}: {describe(error)}"
    if accepted is None:
        return dict.fromkeys(keys, _Standing.NEVER_TOLD), fault
    means = {True: _Standing.ACCEPTED, False: _Standing.NOT_ACCEPTED, None: _Standing.NEVER_TOLD}
    return {key: means[accepted[key]] if key in accepted else _Standing.NOT_TOLD_NOW for key in keys}, fault
