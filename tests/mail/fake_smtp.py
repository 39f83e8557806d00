"""An SMTP server that can misbehave at any step, one connection a thread."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable
from typing import Any

Step = str  # "connect", "EHLO", "HELO", "STAR", "AUTH", "MAIL", "RCPT", "DATA", "body", "end", "RSET" or "QUIT"


class FakeSmtp(socketserver.ThreadingTCPServer):
    """Accepts every email into `accepted` unless told otherwise.

    `replies[step]` replaces an answer (a string, or a function of the command line), `drops` are steps at which the
    connection is closed instead of answered, `silences` steps that are never answered, `trickles` steps that are
    answered one byte at a time without an end, `floods[step]` is repeated without an end.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.port: int = self.server_address[1]
        self.accepted: list[bytes] = []
        self.commands: list[str] = []
        self.connections = 0
        self.extensions = ["PIPELINING", "8BITMIME"]
        self.replies: dict[Step, str | Callable[[str], str]] = {}
        self.drops: set[Step] = set()
        self.silences: set[Step] = set()
        self.trickles: set[Step] = set()
        self.floods: dict[Step, bytes] = {}
        self.emails_per_connection = 10**9
        self.over = threading.Event()
        self.ended = threading.Event()  # a client has left
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> FakeSmtp:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.over.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Closed(Exception):
    pass


class _Conversation(socketserver.StreamRequestHandler):
    server: FakeSmtp

    def handle(self) -> None:
        self.server.connections += 1
        self.refused = False
        accepted_here = 0
        try:
            self._answer("connect", "220 fake ready")
            while line := self._read():
                step = line[:4].upper()
                self.server.commands.append(line)
                if step == "DATA" and self._data(line):
                    accepted_here += 1
                elif step != "DATA":
                    self._command(step, line)
                if accepted_here >= self.server.emails_per_connection:
                    return
        except (_Closed, OSError):
            return
        finally:
            self.server.ended.set()

    def _command(self, step: Step, line: str) -> None:
        self.refused = self.refused and step not in ("MAIL", "RSET")
        if step == "EHLO":
            names = ["fake", *self.server.extensions]
            self._answer(
                step, "\r\n".join(f"250{'-' if n < len(names) - 1 else ' '}{name}" for n, name in enumerate(names))
            )
            return
        reply = self._answer(step, "221 bye" if step == "QUIT" else "250 ok", line)
        self.refused = self.refused or (step == "RCPT" and not reply.startswith("250"))
        if step == "STAR" and reply.startswith("220"):
            self.server.over.wait(30)  # it knows no TLS, and says nothing more
            raise _Closed
        if step == "QUIT":
            raise _Closed

    def _data(self, line: str) -> bool:
        if self.refused:
            self._answer("DATA", "554 no valid recipients", line)
            return False
        if not self._answer("DATA", "354 go on", line).startswith("354"):
            return False
        content = bytearray()
        while not content.endswith(b"\r\n.\r\n"):
            part = self.rfile.readline()
            if not part:
                raise _Closed
            content += part
            if "body" in self.server.drops:
                raise _Closed
            if "body" in self.server.silences:
                self.server.over.wait(30)
        reply = self._chosen("end", "250 2.0.0 queued")
        if reply.startswith("250"):
            self.server.accepted.append(bytes(content[:-3]).replace(b"\r\n..", b"\r\n."))
        self._say("end", reply)
        return reply.startswith("250")

    def _read(self) -> str:
        return self.rfile.readline().decode("latin-1").strip()

    def _answer(self, step: Step, usual: str, line: str = "") -> str:
        reply = self._chosen(step, usual, line)
        self._say(step, reply)
        return reply

    def _chosen(self, step: Step, usual: str, line: str = "") -> str:
        reply = self.server.replies.get(step, usual)
        return reply if isinstance(reply, str) else reply(line) or usual

    def _say(self, step: Step, reply: str) -> None:
        if step in self.server.drops:
            raise _Closed
        if step in self.server.silences:
            self.server.over.wait(30)
            raise _Closed
        while step in self.server.trickles and not self.server.over.wait(0.02):
            self.wfile.write(b"2")
        while step in self.server.floods and not self.server.over.is_set():
            self.wfile.write(self.server.floods[step])
        self.wfile.write(f"{reply}\r\n".encode())
