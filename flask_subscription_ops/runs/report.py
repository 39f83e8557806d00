"""What a run of a job did, in the words that people, programs and the database read."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from itertools import accumulate
from typing import Any

from ..domain.clock import to_text
from ..outbox.tally import Tally

STORED_BYTES = 256 * 1024  # of failures that a run's row keeps


class Outcome(str, Enum):
    """How a run ended, with the exit code it stands for."""

    OK = "ok"
    PARTIAL = "partial"  # finished, and something needs a human
    FAILED = "failed"  # could not be run to its end
    STOPPED = "stopped"  # by the brake or the clone guard

    @property
    def exit_code(self) -> int:
        return {"ok": 0, "partial": 1, "failed": 3, "stopped": 4}[self.value]


@dataclass
class JobReport:
    """Counts of subscriptions, and what became of effects; `planned` lists what a dry run would have done."""

    job: str
    as_of: datetime
    dry_run: bool = False
    run_id: int | None = None
    outcome: Outcome = Outcome.OK
    examined: int = 0
    changed: int = 0
    skipped: int = 0
    failed: int = 0
    waiting: int = 0  # subscriptions that wait for the host's hook
    seconds: float = 0.0
    confirm: str | None = None
    stopped_by: str | None = None
    would_stop: str | None = None  # why a real run would be stopped, in a dry run
    tally: Tally = field(default_factory=Tally)
    planned: list[dict[str, Any]] = field(default_factory=list)

    @property
    def deferred(self) -> int:
        """How many subscriptions and effects were put off; their turn comes by itself."""
        return self.waiting + sum(self.tally.deferred.values())

    @property
    def failures(self) -> list[dict[str, str]]:
        """What needs a human, each with its error."""
        return self.tally.failures

    def fail(self, subject: str, error: str) -> None:
        """Count and name one subscription that could not be handled."""
        self.failed += 1
        self.tally.fail(subject, error)

    def finish(self, seconds: float) -> None:
        """Set the outcome of a run that came to its end."""
        self.seconds = round(seconds, 3)
        if self.outcome is Outcome.OK and (self.failed or self.tally.failed):
            self.outcome = Outcome.PARTIAL

    def to_row(self) -> dict[str, Any]:
        """Return the object that is stored: of very many failures the first, and how many are left out."""
        sizes = accumulate(len(json.dumps(failure, ensure_ascii=False).encode()) for failure in self.failures)
        kept = [failure for failure, size in zip(self.failures, sizes, strict=True) if size <= STORED_BYTES]
        left_out = self.failed + self.tally.failed.total() - len(kept)
        return self.to_dict() | {"failures": kept} | ({"failures_left_out": left_out} if left_out > 0 else {})

    def to_dict(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        document: dict[str, Any] = {
            "job": self.job,
            "run": self.run_id,
            "as_of": to_text(self.as_of),
            "dry_run": self.dry_run,
            "outcome": self.outcome.value,
            "examined": self.examined,
            "changed": self.changed,
            "skipped": self.skipped,
            "failed": self.failed,
            "deferred": self.deferred,
            "failures": self.failures,
            "effects": self.tally.to_dict(),
            "seconds": self.seconds,
        }
        rare = {"confirm": self.confirm, "stopped_by": self.stopped_by, "would_stop": self.would_stop}
        document |= {name: value for name, value in rare.items() if value is not None}
        return document | ({"planned": self.planned} if self.dry_run else {})
