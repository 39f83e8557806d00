"""An SMTP server in its own process that writes down every email before it says 250.

`python -m tests.crash.sinks.smtp FILE` prints its port and serves until its input ends. It takes its time before and
after it has written an email down, so that kills fall where they hurt.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import random
import sys
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from ..shop import note
from . import HESITATION


class Sink:
    """Logs what is accepted, over which connection, and which connections ended well."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._numbers = itertools.count()

    async def handle_EHLO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str) -> str:  # noqa: N802
        session.host_name = hostname
        session.number = next(self._numbers)
        return "250 HELP"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = bytes(envelope.original_content or b"")
        email = message_from_bytes(content)
        await asyncio.sleep(random.uniform(0, HESITATION))
        note(
            self._path,
            key=email["X-Subs-Effect"],
            message_id=email["Message-ID"],
            digest=hashlib.sha256(content).hexdigest(),
            connection=session.number,
        )
        await asyncio.sleep(random.uniform(0, HESITATION))
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        note(self._path, left=getattr(session, "number", None))
        return "221 Bye"


async def serve(path: Path) -> None:
    sink = Sink(path)
    loop: Any = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(sink, loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
