"""An SMTP server that writes each email it takes to a folder: sink.py PORT FOLDER."""

import sys
import time
from pathlib import Path

from aiosmtpd.controller import Controller


class Sink:
    def __init__(self, folder):
        self.folder = Path(folder)

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        number = len(list(self.folder.iterdir()))
        (self.folder / f"{number:03}.eml").write_bytes(envelope.content)
        return "250 OK"


Path(sys.argv[2]).mkdir(parents=True, exist_ok=True)
Controller(Sink(sys.argv[2]), hostname="127.0.0.1", port=int(sys.argv[1])).start()
while True:
    time.sleep(60)
