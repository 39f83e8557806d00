"""Workspaces behind a URL: each operation is one signed POST request."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from ..domain.clock import Clock, system_clock, to_text
from ..errors import ConfigurationError, PermanentFailure, TemporaryFailure, UnknownOutcome
from ..outside import exchange
from ..outside.https import is_private
from ..outside.statuses import NOT_DONE
from .base import Operation
from .signatures import sign

RETRIED = frozenset({408, 409, 425, 429})  # the 4xx that say "not now" rather than "never"
SECRET_LENGTH = 32
HEADERS = {"Content-Type": "application/json", "User-Agent": "flask-subscription-ops"}


class HttpProvisioner:
    """Asks a service to suspend or resume; any 2xx answer means done.

    The body is JSON with `id`, `account`, `action`, `product`, `reason`, `subscription_id` and `at`. The same `id`
    comes again when an answer was lost, so the receiver answers a repeat with 2xx and does nothing. `secrets` are
    all the active ones: see `signatures` for how a receiver checks them. `timeout` is seconds in total.
    """

    name = "http"

    def __init__(
        self,
        url: str,
        secrets: Sequence[str],
        *,
        timeout: float = 30,
        clock: Clock = system_clock,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._url = _checked_url(url)
        self._secrets = _checked_secrets(secrets)
        self._timeout = timeout
        self._clock = clock
        self._tls = tls or ssl.create_default_context()

    def suspend(self, account_id: str, operation: Operation) -> None:
        """Ask for the account's workspaces to be stopped."""
        self._ask("suspend", account_id, operation)

    def resume(self, account_id: str, operation: Operation) -> None:
        """Ask for the account's workspaces to be started."""
        self._ask("resume", account_id, operation)

    def _ask(self, action: str, account_id: str, operation: Operation) -> None:
        now = self._clock()
        wish = {
            "id": operation.id,
            "account": account_id,
            "action": action,
            "product": operation.product,
            "reason": operation.reason,
            "subscription_id": operation.subscription_id,
            "at": to_text(now),
        }
        body = json.dumps(wish).encode()
        headers = {**HEADERS, **sign(self._secrets, operation.id, body, now)}
        _judge(exchange.post(self._url, body, headers, self._timeout, self._tls))


def _judge(status: int) -> None:
    if 200 <= status < 300:
        return
    if status in RETRIED:
        raise TemporaryFailure(f"the receiver answered with status {status}")
    if status in NOT_DONE:
        raise PermanentFailure(f"the receiver refused with status {status}")
    raise UnknownOutcome(f"the receiver answered with status {status}, which does not tell whether it was done")


def _checked_url(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        usable = False
    if not usable or not re.fullmatch("[!-~]+", url):
        raise ConfigurationError(["the workspace URL must be https://HOST/PATH without a user name or password"])
    if not is_private(parts):
        raise ConfigurationError(["the workspace URL must begin with https:// unless it is on this host"])
    return parts


def _checked_secrets(secrets: Sequence[str]) -> tuple[str, ...]:
    if isinstance(secrets, str) or not secrets or any(len(secret) < SECRET_LENGTH for secret in secrets):
        raise ConfigurationError([f"a workspace secret needs {SECRET_LENGTH} characters: generate it at random"])
    return tuple(secrets)
