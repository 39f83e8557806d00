"""One of many processes that look after the same customers: it waits for the word, works, and says what it did."""

from __future__ import annotations

import json
import sys
from datetime import datetime

from ..hosts import make_host


def main(url: str, instants: list[str]) -> None:
    host = make_host(url, SUBS_BATCH_SIZE=7)
    with host.app.app_context():
        host.subs.runtime.transport  # noqa: B018  # everything slow is loaded before the start
        host.subs.runtime.renderer.kinds()
        print("ready", flush=True)
        sys.stdin.readline()
        codes = [host.check(datetime.fromisoformat(at)).outcome.exit_code for at in instants]
        emails = [email.key for email in host.subs.mailbox]
        operations = [operation.id for _, _, operation in host.operations]
    print(json.dumps({"codes": codes, "emails": emails, "operations": operations}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
