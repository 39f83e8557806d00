"""Mailjet's client made fit for a call that must not be repeated, logged or waited for without end."""

from __future__ import annotations

import ssl
from typing import Any, ClassVar

import requests
from mailjet_rest import Client
from mailjet_rest.client import JitterRetry
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from ...errors import EffectError, PermanentFailure, TemporaryFailure, UnknownOutcome, Unreachable
from ...outside.reach import chain
from ...outside.statuses import NOT_DONE

API_BASE = "https://api.mailjet.com/"
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
    """One call is one request: the library would repeat a send up to four times, also after a timeout.

    Faults become Unreachable or TemporaryFailure where surely nothing was done, Rejected where nothing ever will be,
    else UnknownOutcome.
    """

    _RETRY_STRATEGY: ClassVar[JitterRetry] = JitterRetry(total=0, redirect=0)

    def _execute_request(self, *args: Any, **kwargs: Any) -> requests.Response:
        # Raised here, below the library's own handler: that one logs the whole traceback with its data.
        try:
            response: requests.Response = super()._execute_request(*args, **kwargs, allow_redirects=False, stream=True)
            with response:
                response._content = _bounded(response)  # where the library, too, looks for what was read
        except requests.RequestException as error:
            raise _network_fault(error) from None
        if response.status_code // 100 != 2:
            raise _status_fault(response)
        return response


def open_client(version: str, api_base: str | None, credentials: tuple[str, str], timeout: float) -> MailjetClient:
    """Return a client for one version of the API; nothing is reached yet."""
    # The library gives each address of the host the time to connect: a quarter lets silent ones be passed by.
    limits = (timeout / 4, timeout)
    return MailjetClient(auth=credentials, version=version, api_url=api_base or API_BASE, timeout=limits)


def _bounded(response: requests.Response) -> bytes:
    body = bytearray()
    for part in response.iter_content(CHUNK):
        body += part
        if len(body) > BODY_LIMIT:
            raise UnknownOutcome("Mailjet's answer is too long")
    return bytes(body)


def _status_fault(response: requests.Response) -> EffectError:
    status = response.status_code
    if status in ABOUT_THE_CONTENT:
        return Rejected(status, response.content)
    if status in NOT_DONE:
        return TemporaryFailure(f"Mailjet answered {status}")
    return UnknownOutcome(f"Mailjet answered {status}, which does not tell whether it was done")


def _network_fault(error: requests.RequestException) -> EffectError:
    causes = list(chain(error))
    name = type(causes[-1]).__name__
    if any(isinstance(cause, NEVER_SENT) for cause in causes):
        return Unreachable(f"Mailjet was not reached: {name}")
    return UnknownOutcome(f"Mailjet's answer was lost: {name}")
