"""Mailjet's two calls over loopback HTTP, with its ways to fail."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class FakeMailjet(ThreadingHTTPServer):
    """Accepts every message into `accepted`, by its CustomID.

    `statuses` are answered instead of the next calls; `errors[address]` refuses one message; the `lose_answers`
    calls to come are accepted and then never answered; `trickles` answers a byte at a time without an end;
    `answer` replaces every body; a call with an email to `poison` is refused without a word about which; `cuts` ends
    an answer before its end, `floods` sends one without an end; a call is answered after `seconds_an_answer`, a
    question about a key of `hangs_for` never.
    """

    daemon_threads = True
    block_on_close = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.base = f"http://127.0.0.1:{self.server_address[1]}/"
        self.connections = 0
        self.accepted: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.statuses: list[int] = []
        self.errors: dict[str, dict[str, Any]] = {}
        self.lose_answers = ""  # "hang" or "close"
        self.trickles = False
        self.answer: Any = None
        self.poison = ""
        self.cuts = False
        self.floods = False
        self.seconds_an_answer = 0.0
        self.hangs_for: set[str] = set()
        self.over = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> FakeMailjet:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.over.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def accept(self, message: dict[str, Any]) -> None:
        """Take responsibility for one message."""
        self.accepted[message["CustomID"]] = message

    def is_accepted(self, key: str) -> bool:
        """Answer the question about one message."""
        return key in self.accepted

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left early is part of the tests."""


class _Call(BaseHTTPRequestHandler):
    server: FakeMailjet
    protocol_version = "HTTP/1.1"  # which keeps connections

    def setup(self) -> None:
        self.server.connections += 1
        super().setup()

    def do_POST(self) -> None:
        payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls.append((self.path, payload))
        self.server.headers.append(dict(self.headers))
        self.server.over.wait(self.server.seconds_an_answer)
        if self.server.statuses:
            self._reply(self.server.statuses.pop(0), {"ErrorCode": "mj-0001", "ErrorMessage": "user1@example.com"})
            return
        if self.server.poison in [message["To"][0]["Email"] for message in payload["Messages"]]:
            self._reply(400, {"ErrorCode": "mj-0004", "ErrorMessage": self.server.poison})
            return
        answers = [self._accept(message) for message in payload["Messages"]]
        if self._loses_its_answer():
            return
        failed = all(answer["Status"] == "error" for answer in answers)
        body = {"Messages": answers} if self.server.answer is None else self.server.answer
        self._reply(400 if failed else 200, body)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        self.server.calls.append((url.path, query))
        if self.server.statuses:
            self._reply(self.server.statuses.pop(0), {"ErrorMessage": "no"})
            return
        if self._loses_its_answer():
            return
        if self.server.hangs_for & set(query.get("CustomID", [])):
            self.server.over.wait(30)
        known = [{"CustomID": key} for key in query.get("CustomID", []) if self.server.is_accepted(key)]
        body = {"Count": len(known), "Data": known, "Total": len(known)}
        self._reply(200, body if self.server.answer is None else self.server.answer)

    def _accept(self, message: dict[str, Any]) -> dict[str, Any]:
        error = self.server.errors.get(message["To"][0]["Email"])
        if error:
            return {"Status": "error", "Errors": [{"ErrorMessage": message["To"][0]["Email"], **error}]}
        self.server.accept(message)
        return {"Status": "success", "CustomID": message["CustomID"], "To": []}

    def _loses_its_answer(self) -> bool:
        if self.server.lose_answers == "hang":
            self.server.over.wait(30)
        while self.server.trickles and not self.server.over.wait(0.02):
            self.wfile.write(b"H")
        if self.server.lose_answers or self.server.trickles:
            self.close_connection = True
            return True
        return False

    def _reply(self, status: int, body: Any) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        if status // 100 == 3:
            self.send_header("Location", "/elsewhere")
        if not self.server.floods:
            self.send_header("Content-Length", str(len(content) + self.server.cuts))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = self.server.cuts or self.server.floods
        while self.server.floods and not self.server.over.is_set():
            self.wfile.write(b" " * 100_000)

    def log_message(self, *args: Any) -> None:
        """Stay quiet."""


def credentials(headers: dict[str, str]) -> str:
    """Return the key and secret a call carried."""
    return base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
