"""One SMTP connection, and the deliveries that go over it."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from ...outside.deadline import Deadline
from .client import FAULTS, Server, TimedClient
from .verdicts import END_OF_DATA, Reply


@dataclass(frozen=True)
class Envelope:
    """What one delivery needs; `content` ends with a line end and is dot-stuffed."""

    sender: str
    recipient: str
    content: bytes


class Session:
    """A greeted, encrypted and logged-in connection.

    `content_sent` tells whether the server may have the email under way, `step` which answer is waited for.
    """

    def __init__(self, server: Server, deadline: Deadline) -> None:
        self.content_sent = False
        self.step = ""
        self.deliveries = 0
        self._smtp = TimedClient(server, deadline)
        try:
            self._smtp.enter()
        except BaseException:
            self._smtp.close()
            raise

    def deliver(self, envelope: Envelope, deadline: Deadline) -> Reply:
        """Go through one delivery and return the reply that decided it."""
        self.content_sent = False
        self.step = "MAIL"
        self.deliveries += 1
        self._smtp.deadline = deadline
        refusal = self._offer(envelope)
        if refusal:
            return refusal
        self._smtp.send(envelope.content[:-2])
        self.content_sent = True  # from here on the server may have everything
        self._smtp.send(envelope.content[-2:] + b".\r\n")
        return self._reply(END_OF_DATA)

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
        self.step = step
        code, text = self._smtp.getreply()
        enhanced = re.match(rb"#?([245]\.\d{1,3}\.\d{1,3})(?=\s|$)", text)
        return Reply(step, code, enhanced[1].decode() if enhanced else "")
