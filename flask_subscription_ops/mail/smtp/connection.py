"""One running `send` over SMTP: its connection, and what each reply or silence means for an email."""

from __future__ import annotations

import re

from ...errors import PermanentFailure
from ...outside.deadline import Deadline
from ..address import mailbox, named_mailbox
from ..base import Email, Outcome, Verdict
from ..mime import to_bytes
from .client import FAULTS, Server, fault_of, has_timed_out
from .session import Envelope, Session
from .verdicts import SERVICE_CLOSING, Reply, judge


class Connection:
    """Opens its connection at the first email, keeps it, and gives up on a server that does not answer."""

    def __init__(self, server: Server, max_emails: int) -> None:
        self._server = server
        self._max_emails = max_emails
        self._session: Session | None = None
        self._down = ""

    def hand_over(self, email: Email) -> Outcome:
        """Return what became of the email; no fault of the server raises."""
        if self._down:
            return Outcome(email, Verdict.DEFERRED, self._down, unreachable=True)
        try:
            envelope = _envelope(email)
        except PermanentFailure as error:
            return Outcome(email, Verdict.REFUSED, str(error))
        try:
            reply = self._deliver(envelope, Deadline(self._server.timeout))
        except FAULTS as error:
            return self._lost(email, error)
        return self._judge(email, reply)

    def close(self) -> None:
        """Say goodbye."""
        if self._session:
            self._session.leave()
        self._session = None

    def _deliver(self, envelope: Envelope, deadline: Deadline) -> Reply:
        reply = self._deliver_over_kept(envelope, deadline)
        if reply is None:
            self._drop()
            self._session = Session(self._server, deadline)
            reply = self._session.deliver(envelope, deadline)
        return reply

    def _deliver_over_kept(self, envelope: Envelope, deadline: Deadline) -> Reply | None:
        """Return None where there is no connection, or the server left it before it saw any of this content."""
        if self._session is None or self._session.deliveries == self._max_emails:
            self.close()
            return None
        try:
            reply = self._session.deliver(envelope, deadline)
        except FAULTS:
            if self._session.content_sent:
                raise
            return None
        return None if reply.code == SERVICE_CLOSING and not self._session.content_sent else reply

    def _judge(self, email: Email, reply: Reply) -> Outcome:
        verdict, unreachable = judge(reply)
        if unreachable:
            self._down = str(reply)
        if not reply.is_positive:
            self._recover(reply)
        return Outcome(email, verdict, str(reply), unreachable)

    def _recover(self, reply: Reply) -> None:
        if reply.code == SERVICE_CLOSING or not reply.is_negative:
            self._drop()  # it has left, or is out of step
            return
        try:
            if self._session:
                self._session.reset()
        except FAULTS:
            self._drop()

    def _lost(self, email: Email, error: BaseException) -> Outcome:
        session = self._session
        self._drop()
        if session is None:
            self._down = f"not reached: {fault_of(error)}"
            return Outcome(email, Verdict.DEFERRED, self._down, unreachable=True)
        detail = f"connection lost: {fault_of(error)}"
        # A server that leaves at MAIL, which names only us, leaves every email.
        if has_timed_out(error) or session.step == "MAIL":
            self._down = detail
        verdict = Verdict.UNKNOWN if session.content_sent else Verdict.DEFERRED
        return Outcome(email, verdict, detail, unreachable=bool(self._down))

    def _drop(self) -> None:
        if self._session:
            self._session.drop()
        self._session = None


def _envelope(email: Email) -> Envelope:
    return Envelope(
        sender=named_mailbox(email.sender)[1],
        recipient=mailbox(email.recipient),
        content=re.sub(rb"(?m)^\.", b"..", to_bytes(email)),
    )
