"""Mailjet's client made fit for a call that must not be repeated, logged or waited for without end."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any, ClassVar

import requests
from mailjet_rest import Client
from mailjet_rest.client import JitterRetry
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from ...errors import EffectError, PermanentFailure, TemporaryFailure, UnknownOutcome

API_BASE = "https://api.mailjet.com/"
NEVER_SENT = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)
ABOUT_THE_CONTENT = frozenset({400, 413, 422})  # every other refusal is about the account, the set-up or the moment
GATEWAY_TIMEOUT = 504


class Rejected(PermanentFailure):
    """Mailjet read the call and did nothing of it; `body` says why, in its words."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"Mailjet answered {status}")
        self.body = body


class MailjetClient(Client):
    """One call is one request: the library would repeat a send up to four times, also after a timeout.

    Faults become TemporaryFailure where surely nothing was done, Rejected where nothing ever will be, else
    UnknownOutcome.
    """

    _RETRY_STRATEGY: ClassVar[JitterRetry] = JitterRetry(total=0, redirect=0)

    def _execute_request(self, *args: Any, **kwargs: Any) -> requests.Response:
        # Raised here, below the library's own handler: that one logs the whole traceback with its data.
        try:
            response: requests.Response = super()._execute_request(*args, **kwargs, allow_redirects=False)
        except requests.RequestException as error:
            raise _network_fault(error) from None
        if response.status_code // 100 != 2:
            raise _status_fault(response)
        return response


def open_client(version: str, api_base: str | None, credentials: tuple[str, str], timeout: float) -> MailjetClient:
    """Return a client for one version of the API; nothing is reached yet."""
    # A connection that cannot be made must be known as such before the whole call's time is over.
    limits = (timeout / 2, timeout)
    return MailjetClient(auth=credentials, version=version, api_url=api_base or API_BASE, timeout=limits)


def _status_fault(response: requests.Response) -> EffectError:
    status = response.status_code
    if status == GATEWAY_TIMEOUT:
        return UnknownOutcome("Mailjet's gateway gave up waiting (504)")
    if status in ABOUT_THE_CONTENT:
        return Rejected(status, response.text)
    return TemporaryFailure(f"Mailjet answered {status}")


def _network_fault(error: requests.RequestException) -> EffectError:
    causes = list(_causes(error))
    name = type(causes[-1]).__name__
    if any(isinstance(cause, NEVER_SENT) for cause in causes):
        return TemporaryFailure(f"Mailjet was not reached: {name}")
    return UnknownOutcome(f"Mailjet's answer was lost: {name}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
