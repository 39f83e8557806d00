"""What became of effects during one run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ..outside.text import clean, redacted

FAILURES_NAMED = 1000
COUNTS = ("queued", "delivered", "failed", "deferred", "superseded", "no_recipient")
ALWAYS_SHOWN = ("queued", "delivered", "failed")


@dataclass
class Tally:
    """Counts by kind of effect, and what went wrong with which one.

    `failed` needs a human; `deferred` was put off, and goes by itself. `snoozed` are those of the deferred that were
    put off because the other side is away.
    """

    queued: Counter[str] = field(default_factory=Counter)
    delivered: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    deferred: Counter[str] = field(default_factory=Counter)
    snoozed: Counter[str] = field(default_factory=Counter)
    superseded: Counter[str] = field(default_factory=Counter)
    no_recipient: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, str]] = field(default_factory=list)

    def fail(self, subject: str, error: str) -> None:
        """Name one failure; beyond a thousand they are only counted."""
        if len(self.failures) < FAILURES_NAMED:
            self.failures.append({"subject": clean(subject), "error": redacted(error)})

    def add(self, other: Tally) -> None:
        """Take over another tally's counts and failures."""
        for name in (*COUNTS, "snoozed"):
            getattr(self, name).update(getattr(other, name))
        self.failures += other.failures[: FAILURES_NAMED - len(self.failures)]

    def to_dict(self) -> dict[str, Any]:
        """Return the counts; the rare ones only where there are any."""
        counts = {name: dict(getattr(self, name)) for name in COUNTS}
        return {name: kinds for name, kinds in counts.items() if kinds or name in ALWAYS_SHOWN}
