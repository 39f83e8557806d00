"""Mailjet's client made fit for a call that must not be repeated, logged or waited for without end."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from typing import Any

import requests
from mailjet_rest import Client
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from ...errors import EffectError, PermanentFailure, TemporaryFailure, UnknownOutcome, Unreachable
from ...outside.reach import chain
from ...outside.statuses import NOT_DONE

API_BASE = "https://api.mailjet.com/"
SEND, MESSAGES = "v3.1/send", "v3/REST/message"
NEVER_SENT = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)
ABOUT_THE_CONTENT = frozenset({400, 413, 422})  # every other refusal is about the account, the set-up or the moment
BODY_LIMIT = 1_000_000  # bytes; the longest answer, about 50 emails, has a twentieth of it
CHUNK = 8192


class Rejected(PermanentFailure):
    """Mailjet read the call and did nothing of it; `body` says why, in its words."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"Mailjet answered {status}")
        self.body = body


class MailjetClient(Client):
    """Mailjet's client with calls of its own.

    The library's own, depending on its version, repeat a send up to four times, also after a timeout, or follow an
    answer to another address; they log what they carry, and read answers of any length. Here one call is one request.
    Faults become Unreachable or TemporaryFailure where surely nothing was done, Rejected where nothing ever will be,
    else UnknownOutcome.
    """

    def __init__(self, api_base: str | None, credentials: tuple[str, str], timeout: float) -> None:
        super().__init__(auth=credentials)
        # Its own check of the address differs from version to version; ours is made at start.
        self._base = (api_base or API_BASE).rstrip("/")
        self.session = requests.Session()  # keeps its connection; its adapter repeats nothing
        self.session.auth = credentials
        self.session.headers["User-Agent"] = self.config.user_agent
        # Each address of the host has the time to connect: a quarter lets silent ones be passed by.
        self._limits = (timeout / 4, timeout)
        self.used_at = time.monotonic()

    def post(self, path: str, document: Mapping[str, Any], headers: Mapping[str, str]) -> bytes:
        """Return the answer to a document."""
        return self._call("POST", path, json=document, headers=headers)

    def get(self, path: str, filters: Mapping[str, Any]) -> bytes:
        """Return the answer to a question."""
        return self._call("GET", path, params=filters)

    def close(self) -> None:
        """Close the connection."""
        self.session.close()

    def _call(self, method: str, path: str, **content: Any) -> bytes:
        try:
            response = self.session.request(
                method, f"{self._base}/{path}", timeout=self._limits, allow_redirects=False, stream=True, **content
            )
            with response:
                body = _bounded(response)
        except requests.RequestException as error:
            raise _network_fault(error) from None
        self.used_at = time.monotonic()
        if response.status_code // 100 != 2:
            raise _status_fault(response.status_code, body)
        return body


def _bounded(response: requests.Response) -> bytes:
    body = bytearray()
    for part in response.iter_content(CHUNK):
        body += part
        if len(body) > BODY_LIMIT:
            raise UnknownOutcome("Mailjet's answer is too long")
    return bytes(body)


def _status_fault(status: int, body: bytes) -> EffectError:
    if status in ABOUT_THE_CONTENT:
        return Rejected(status, body)
    if status in NOT_DONE:
        return TemporaryFailure(f"Mailjet answered {status}")
    return UnknownOutcome(f"Mailjet answered {status}, which does not tell whether it was done")


def _network_fault(error: requests.RequestException) -> EffectError:
    causes = list(chain(error))
    name = type(causes[-1]).__name__
    if any(isinstance(cause, NEVER_SENT) for cause in causes):
        return Unreachable(f"Mailjet was not reached: {name}")
    return UnknownOutcome(f"Mailjet's answer was lost: {name}")
