"""One SMTP connection, and the deliveries that go over it."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from smtplib import SMTPException

from ...outside.deadline import Deadline
from .client import FAULTS, ImplicitTlsClient, Server, TimedClient


@dataclass(frozen=True)
class Envelope:
    """What one delivery needs; `content` ends with a line end and is dot-stuffed."""

    sender: str
    recipient: str
    content: bytes


@dataclass(frozen=True)
class Reply:
    """A server's answer: its code, and the enhanced one where given; never its text, which names people."""

    step: str
    code: int
    enhanced: str = ""

    @property
    def is_positive(self) -> bool:
        """Tell whether the delivery may go on, or is done."""
        return self.code == 354 if self.step == "DATA" else self.code // 100 == 2

    @property
    def is_final(self) -> bool:
        """Tell whether the server refused for good."""
        return self.code // 100 == 5

    def __str__(self) -> str:
        return f"{self.step} answered {self.code} {self.enhanced}".rstrip()


class Session:
    """A greeted, encrypted and logged-in connection; `content_sent` tells whether the server may have an email."""

    def __init__(self, server: Server, deadline: Deadline) -> None:
        self.content_sent = False
        self.deliveries = 0
        client = ImplicitTlsClient if server.implicit_tls else TimedClient
        self._smtp = client(server, deadline)
        try:
            self._smtp.enter(server)
        except BaseException:
            self._smtp.close()
            raise

    def deliver(self, envelope: Envelope, deadline: Deadline) -> Reply:
        """Go through one delivery and return the reply that decided it."""
        self.content_sent = False
        self.deliveries += 1
        self._smtp.deadline = deadline
        refusal = self._offer(envelope)
        if refusal:
            return refusal
        self._smtp.send(envelope.content[:-2])
        self.content_sent = True  # from here on the server may have everything
        self._smtp.send(envelope.content[-2:] + b".\r\n")
        return self._reply("end of data")

    def reset(self) -> None:
        """Forget the delivery that was refused."""
        self._smtp.rset()

    def leave(self) -> None:
        """Say goodbye without waiting for the answer."""
        with suppress(*FAULTS):
            self._smtp.send(b"QUIT\r\n")
        self.drop()

    def drop(self) -> None:
        """Close the connection as it is."""
        self._smtp.close()

    def _offer(self, envelope: Envelope) -> Reply | None:
        commands = {"MAIL": f"MAIL FROM:<{envelope.sender}>", "RCPT": f"RCPT TO:<{envelope.recipient}>", "DATA": "DATA"}
        if not self._smtp.has_extn("pipelining"):
            return self._offer_in_steps(commands)
        self._smtp.send("".join(f"{command}\r\n" for command in commands.values()).encode("ascii"))
        replies = [self._reply(step) for step in commands]
        refusal = next((reply for reply in replies if not reply.is_positive), None)
        if refusal and replies[-1].is_positive:
            self.drop()  # it waits for content that must not come
        return refusal

    def _offer_in_steps(self, commands: dict[str, str]) -> Reply | None:
        for step, command in commands.items():
            self._smtp.send(f"{command}\r\n".encode("ascii"))
            reply = self._reply(step)
            if not reply.is_positive:
                return reply
        return None

    def _reply(self, step: str) -> Reply:
        code, text = self._smtp.getreply()
        if code // 100 not in (2, 3, 4, 5):
            raise SMTPException("the reply has no code")  # no verdict: as good as no reply
        enhanced = re.match(rb"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)", text)
        return Reply(step, code, enhanced[0].decode() if enhanced else "")
