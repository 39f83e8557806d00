"""A transport that answers as a test tells it to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from flask_subscription_ops.mail.base import Email, Outcome, Verdict

from ..hosts import Host


class Scripted:
    """Answers each account's emails from `answers`, accepting where nothing is told; remembers what was handed over."""

    name = "scripted"
    batch_size = 1
    connections = 1

    def __init__(self, *, unreachable: bool = False, accepted: Mapping[str, bool | None] | None = None) -> None:
        self.answer = Verdict.ACCEPTED
        self.detail = ""
        self.unreachable = unreachable
        self.accepted = accepted
        self.handed_over: list[Email] = []
        self.asked: list[str] = []

    def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
        for email in emails:
            self.handed_over.append(email)
            yield Outcome(email, self.answer, self.detail or f"was {self.answer.value}", unreachable=self.unreachable)

    def find_accepted(self, keys: Sequence[str]) -> Mapping[str, bool | None] | None:
        self.asked += keys
        return self.accepted

    def check(self) -> str:
        return "scripted"


def script(host: Host, answer: Verdict = Verdict.ACCEPTED, **options: object) -> Scripted:
    """Let the host send through a scripted transport."""
    transport = Scripted(**options)  # type: ignore[arg-type]  # a test's own options
    transport.answer = answer
    host.subs.runtime.transport = transport
    return transport
