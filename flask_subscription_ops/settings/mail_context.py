"""SUBS_MAIL_CONTEXT: what every email's template may use, and the keys among it that the package reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..domain.colours import parse_colour
from ..errors import InvalidInput
from .values import Read, address, mapping, shown, text, url

POSTAL_LINES = 6


def mail_context(value: Any) -> Mapping[str, Any]:
    """Read a mapping of names to anything; a key of ours that is None or empty is left out, as if it were not given."""
    context, problems = dict(mapping(value)), []
    for key in KEYS.keys() & context.keys():
        given = context.pop(key)
        if given is None or given in ("", (), []):
            continue
        try:
            context[key] = KEYS[key](given)
        except InvalidInput as error:
            problems.append(f"{key} {error}")
    if problems:
        raise InvalidInput("; ".join(sorted(problems)))
    return context


def _link(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"https?://[!-~]+", value) or not _host_of(value):
        raise InvalidInput(f"must be a link such as https://app.example.com/billing, got {shown(value)}")
    return value


def _host_of(link: str) -> str | None:
    try:
        return urlsplit(link).hostname
    except ValueError:
        return None


def _colour(value: Any) -> str:
    try:
        return parse_colour(value)
    except InvalidInput as error:
        raise InvalidInput(f"{error}, got {shown(value)}") from None


def _lines(value: Any) -> tuple[str, ...]:
    """Read an address of several lines: a list of them, or a text with line breaks."""
    lines = value.strip().splitlines() if isinstance(value, str) else value
    if not isinstance(lines, (list, tuple)) or not 1 <= len(lines) <= POSTAL_LINES:
        raise InvalidInput(f"must be 1 to {POSTAL_LINES} lines such as ('Acme Ltd', '1 High Street', 'London')")
    return tuple(text(100)(line) for line in lines)


KEYS: Mapping[str, Read] = {
    "app_url": _link,
    "billing_url": _link,
    "support_email": address,
    "reply_to": address,
    "accent": _colour,
    "logo_url": url,
    "postal_address": _lines,
}
