"""The signature of a workspace request: who sent it, when, and that nobody changed it.

`X-Subs-Signature: v1=<hex>` is the HMAC-SHA256 of `<operation id>.<unix timestamp>.<body>`. While a secret is being
replaced the header holds one `v1=` for each active secret, and a receiver needs to know only one of them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

OPERATION_HEADER = "X-Subs-Operation"
TIMESTAMP_HEADER = "X-Subs-Timestamp"
SIGNATURE_HEADER = "X-Subs-Signature"
TOLERANCE = timedelta(minutes=5)


def sign(secrets: Iterable[str], operation_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers that prove a request."""
    timestamp = str(int(now.timestamp()))
    marks = (_mark(secret, operation_id, timestamp, body) for secret in secrets)
    return {OPERATION_HEADER: operation_id, TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: ",".join(marks)}


def verify_signature(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Tell, on the receiving side, whether one of the secrets signed exactly this body within the last five minutes.

    Give it the bytes as they arrived, before they are parsed, and headers that are found in any letter case
    (Flask's `request.headers`). No secret, or an empty one, verifies nothing.
    """
    timestamp = headers.get(TIMESTAMP_HEADER, "")
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        return False
    if abs(int(timestamp) - now.timestamp()) > TOLERANCE.total_seconds():
        return False
    operation_id = headers.get(OPERATION_HEADER, "")
    given = [mark.strip().encode() for mark in headers.get(SIGNATURE_HEADER, "").split(",")]
    wanted = [_mark(secret, operation_id, timestamp, body).encode() for secret in secrets if secret]
    return any(hmac.compare_digest(mark, mine) for mark in given for mine in wanted)


def _mark(secret: str, operation_id: str, timestamp: str, body: bytes) -> str:
    message = f"{operation_id}.{timestamp}.".encode() + body
    return f"v1={hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()}"
