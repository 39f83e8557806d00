"""Workspaces behind a URL: each operation is one signed POST request."""

from __future__ import annotations

import json
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..domain.clock import Clock, system_clock, to_text
from ..errors import PermanentFailure, TemporaryFailure, UnknownOutcome, Unreachable
from ..outside import exchange
from ..outside.statuses import NOT_DONE
from .base import Operation
from .signatures import sign

if TYPE_CHECKING:
    from ..settings import Settings

ABOUT_US = frozenset({401, 407})  # the signature or the way there: the same for every operation
RETRIED = frozenset({408, 409, 425, 429})  # the 4xx that say "not now" rather than "never"
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
        self._url = urlsplit(url)
        self._secrets = tuple(secrets)
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
    if status in ABOUT_US:
        remedy = "look at SUBS_WORKSPACES_SECRETS and at the clocks of both sides"
        raise Unreachable(f"the receiver refuses us with status {status}: {remedy}")
    if status in RETRIED:
        raise TemporaryFailure(f"the receiver answered with status {status}")
    if status in NOT_DONE:
        raise PermanentFailure(f"the receiver refused with status {status}")
    raise UnknownOutcome(f"the receiver answered with status {status}, which does not tell whether it was done")


def open_provisioner(settings: Settings, require_hook: Any) -> HttpProvisioner:
    """Return the provisioner of SUBS_WORKSPACES_URL."""
    return HttpProvisioner(settings.workspaces_url or "", settings.workspaces_secrets, timeout=settings.hook_timeout)
