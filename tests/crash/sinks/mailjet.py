"""Mailjet in its own process: it writes down every message that it accepts, and every answer that it accepted one.

`python -m tests.crash.sinks.mailjet FILE` prints its port and serves until its input ends.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

from ...mail.fake_mailjet import FakeMailjet
from ..shop import note
from . import HESITATION


class Sink(FakeMailjet):
    """Takes its time before and after it has written a message down, so that kills fall where they hurt."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def accept(self, message: dict[str, Any]) -> None:
        time.sleep(random.uniform(0, HESITATION))
        digest = hashlib.sha256(json.dumps(message, sort_keys=True).encode()).hexdigest()
        note(self._path, key=message["CustomID"], message_id=message["CustomID"], digest=digest)
        super().accept(message)
        time.sleep(random.uniform(0, HESITATION))

    def is_accepted(self, key: str) -> bool:
        known = super().is_accepted(key)
        if known:
            note(self._path, recognised=key)
        return known


if __name__ == "__main__":
    with Sink(Path(sys.argv[1])) as sink:
        print(sink.server_address[1], flush=True)
        sys.stdin.read()
