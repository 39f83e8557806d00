"""A mail transport that says what a test tells it to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import TemporaryFailure
from ..mail.base import Email, Outcome, Verdict
from .app import runtime_of

if TYPE_CHECKING:
    from flask import Flask


@dataclass(frozen=True)
class Reply:
    """What the transport says of one email; `unreachable` means that it would say the same of any other now."""

    verdict: Verdict
    detail: str = ""
    unreachable: bool = False


UNREACHABLE = Reply(Verdict.DEFERRED, "the mail server is away", unreachable=True)
Answer = Verdict | Reply | BaseException  # an exception is raised, as by a fault in the transport or by a kill


class ScriptedTransport:
    """Answers one email after another from `script`, and `usually` when it is over; keeps what it was handed and asked.

    `accepted_before` is what it tells of earlier tries, by effect key; None: it can never tell, like SMTP.
    """

    batch_size = 1

    def __init__(
        self,
        *script: Answer,
        usually: Answer = Verdict.ACCEPTED,
        accepted_before: Mapping[str, bool | None] | None = None,
        name: str = "scripted",
        connections: int = 1,
    ) -> None:
        self.script: deque[Answer] = deque(script)
        self.usually = usually
        self.accepted_before = accepted_before
        self.name, self.connections = name, connections
        self.handed_over: list[Email] = []
        self.asked: list[str] = []

    def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
        """Keep each email, then give or raise what the script says of it."""
        for email in emails:
            self.handed_over.append(email)
            reply = self._next()
            yield Outcome(email, reply.verdict, reply.detail, unreachable=reply.unreachable)

    def _next(self) -> Reply:
        try:
            answer = self.script.popleft()  # in one step: connections share the script
        except IndexError:
            answer = self.usually
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(answer, f"was {answer.value}")

    def find_accepted(self, keys: Sequence[str]) -> Mapping[str, bool | None] | None:
        """Keep which effect keys were asked about, and tell what `accepted_before` says."""
        self.asked += keys
        return self.accepted_before

    def check(self) -> str:
        """Say that it works; raises TemporaryFailure where the next email would find it unreachable."""
        coming = self.script[0] if self.script else self.usually
        if isinstance(coming, Reply) and coming.unreachable:
            raise TemporaryFailure(coming.detail)
        return f"{self.name} works"


@contextmanager
def scripted_transport(
    app: Flask,
    *script: Answer,
    usually: Answer = Verdict.ACCEPTED,
    accepted_before: Mapping[str, bool | None] | None = None,
) -> Iterator[ScriptedTransport]:
    """Let the app send through a transport that says what it is told, and give its own back at the end."""
    transport = ScriptedTransport(*script, usually=usually, accepted_before=accepted_before)
    with runtime_of(app).using_transport(transport):
        yield transport
