"""Emails as Mailjet wants them, and its answers as verdicts."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from ...outside.statuses import NOT_DONE
from ..address import named_mailbox
from ..base import Email, Outcome, Verdict

ABOUT_US = frozenset({401, 403, 429})  # sender not validated, account blocked, too many calls


def payload_of(batch: Sequence[Email]) -> dict[str, Any]:
    """Return the body of one send call."""
    return {"Messages": [_message(email) for email in batch]}


def rows_of(body: bytes, name: str) -> list[Any] | None:
    """Return the list an answer holds under `name`; None where it cannot be read, which is not the same as empty."""
    try:
        rows = json.loads(body)[name]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return rows if isinstance(rows, list) else None


def judge_answers(batch: Sequence[Email], body: bytes) -> list[Outcome]:
    """Book each message's own answer; an email without one may have been sent."""
    padded = [*(rows_of(body, "Messages") or []), *[None] * len(batch)]
    return [_judge(email, answer) for email, answer in zip(batch, padded, strict=False)]


def _message(email: Email) -> dict[str, Any]:
    name, address = named_mailbox(email.sender)
    headers = dict(email.headers)
    reply_to = headers.pop("Reply-To", None)  # Mailjet refuses it among the headers
    return {
        "From": _party(name, address),
        "To": [_party(email.recipient_name, email.recipient)],
        "Subject": email.subject,
        "TextPart": email.text,
        "HTMLPart": email.html,
        "CustomID": email.key,
        "CustomCampaign": re.sub(r"[^A-Za-z0-9_-]", "_", email.key),
        "DeduplicateCampaign": True,
        "Headers": headers,
        **({"ReplyTo": _party("", reply_to)} if reply_to else {}),
    }


def _party(name: str, address: str) -> dict[str, str]:
    return {"Email": address, "Name": name} if name else {"Email": address}


def _judge(email: Email, answer: Any) -> Outcome:
    if not isinstance(answer, dict) or answer.get("CustomID", email.key) not in (email.key, ""):
        return Outcome(email, Verdict.UNKNOWN, "Mailjet's answer does not mention this email")
    if answer.get("Status") == "success":
        return Outcome(email, Verdict.ACCEPTED)
    if answer.get("Status") != "error":
        return Outcome(email, Verdict.UNKNOWN, "Mailjet's answer cannot be understood")
    errors = answer.get("Errors")
    return _judge_errors(
        email, [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    )


def _judge_errors(email: Email, errors: Sequence[dict[str, Any]]) -> Outcome:
    # The codes alone: Mailjet's sentences repeat the address.
    codes = [str(error.get("ErrorCode", "")) for error in errors]
    detail = "Mailjet refused it: " + ", ".join(code for code in codes if re.fullmatch(r"[\w-]{1,40}", code))
    statuses = [error.get("StatusCode") for error in errors]
    if any(status in tuple(ABOUT_US) for status in statuses):
        return Outcome(email, Verdict.DEFERRED, detail, unreachable=True)
    if statuses and all(status in tuple(NOT_DONE) for status in statuses):
        return Outcome(email, Verdict.REFUSED, detail)
    return Outcome(email, Verdict.UNKNOWN, "Mailjet's answer does not tell whether it was sent")
