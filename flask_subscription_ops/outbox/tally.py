"""What became of effects during one run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ..outside.text import clean, redacted

FAILURES_NAMED = 1000


@dataclass
class Tally:
    """Counts by kind of effect, and what went wrong with which one."""

    queued: Counter[str] = field(default_factory=Counter)
    delivered: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    superseded: Counter[str] = field(default_factory=Counter)
    no_recipient: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, str]] = field(default_factory=list)

    def fail(self, subject: str, error: str) -> None:
        """Name one failure; beyond a thousand they are only counted."""
        if len(self.failures) < FAILURES_NAMED:
            self.failures.append({"subject": clean(subject), "error": redacted(error)})

    def add(self, other: Tally) -> None:
        """Take over another tally's counts and failures."""
        for name in ("queued", "delivered", "failed", "superseded", "no_recipient"):
            getattr(self, name).update(getattr(other, name))
        self.failures += other.failures[: FAILURES_NAMED - len(self.failures)]

    def to_dict(self) -> dict[str, Any]:
        """Return the counts; those of superseded and unaddressed effects only where there are any."""
        always = {"queued": self.queued, "delivered": self.delivered, "failed": self.failed}
        rare = {"superseded": self.superseded, "no_recipient": self.no_recipient}
        return {name: dict(counts) for name, counts in {**always, **{n: c for n, c in rare.items() if c}}.items()}
