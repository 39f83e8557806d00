"""Emails kept in a list, for tests and demonstrations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from flask import Flask

from .base import Email, Outcome, Verdict

if TYPE_CHECKING:
    from ..settings import Settings

EXTENSION_KEY = "subscription_ops.mail"


class MemoryTransport:
    """Accepts everything; every transport of one app fills the same `sent`."""

    name = "memory"
    batch_size = 1
    connections = 1

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.sent: list[Email] = app.extensions.setdefault(EXTENSION_KEY, [])

    def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
        """Keep each email, even one that was kept before: a test wants to see what was repeated."""
        for email in emails:
            self.sent.append(email)
            yield Outcome(email, Verdict.ACCEPTED)

    def find_accepted(self, keys: Sequence[str]) -> Mapping[str, bool]:
        """Tell which effect keys are in `sent`."""
        sent = {email.key for email in self.sent}
        return {key: key in sent for key in keys}

    def check(self) -> str:
        """Tell how many emails are kept."""
        return f"emails are kept in memory: {len(self.sent)} so far"
