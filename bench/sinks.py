"""Receivers fast enough not to be what is measured: SMTP with pipelining, and Mailjet's two calls.

`python -m bench.sinks smtp|mailjet MILLISECONDS` prints its port and serves until its input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any


class Smtp(asyncio.Protocol):
    """Takes every email; each reply waits `delay` seconds, as one from afar does."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._buffer = b""
        self._in_data = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._reply(b"220 sink")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._step():
            pass

    def _step(self) -> bool:
        if self._in_data:
            end = self._buffer.find(b"\r\n.\r\n")
            if end < 0:
                return False
            self._buffer, self._in_data = self._buffer[end + 5 :], False
            self._reply(b"250 taken")
            return True
        line, found, rest = self._buffer.partition(b"\r\n")
        if not found:
            return False
        self._buffer = rest
        self._answer(line[:4].upper())
        return True

    def _answer(self, verb: bytes) -> None:
        self._in_data = verb == b"DATA"
        special = {b"EHLO": b"250-sink\r\n250 PIPELINING", b"DATA": b"354 go on", b"QUIT": b"221 bye"}
        self._reply(special.get(verb, b"250 ok"))

    def _reply(self, reply: bytes) -> None:
        # Replies to commands that came together wait together, as those of a far server do.
        loop = asyncio.get_running_loop()
        loop.call_later(self._delay, self._transport.write, reply + b"\r\n")


class Mailjet(asyncio.Protocol):
    """Answers Send API v3.1 calls with success for every message."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = next(
            (int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length")), 0
        )
        if len(body) >= length:
            self._buffer = body[length:]
            self._answer(json.loads(body[:length]) if length else {})

    def _answer(self, payload: Any) -> None:
        messages = payload.get("Messages", [])
        answers = [{"Status": "success", "CustomID": message.get("CustomID", ""), "To": []} for message in messages]
        body = json.dumps({"Messages": answers} if messages else {"Count": 0, "Data": [], "Total": 0}).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        asyncio.get_running_loop().call_later(self._delay, self._transport.write, head + body)


async def main(kind: str, delay: float) -> None:
    loop = asyncio.get_running_loop()
    protocol = Smtp if kind == "smtp" else Mailjet
    server = await loop.create_server(lambda: protocol(delay), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]) / 1000))
