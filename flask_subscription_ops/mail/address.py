"""Tell one mailbox from everything else that can stand where an address is expected."""

from __future__ import annotations

import re
from email.utils import parseaddr

from ..errors import PermanentFailure
from .text import one_line

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL_PART = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")

LOCAL_PART_LIMIT = 64  # RFC 5321, 4.5.3.1.1
ADDRESS_LIMIT = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets


def mailbox(address: str) -> str:
    """Return the address as it goes over SMTP, an international domain in its ASCII form.

    Raises PermanentFailure for anything that is not exactly one mailbox; the message names no personal data.
    """
    local, at, domain = address.rpartition("@")
    if not at:
        raise PermanentFailure("the recipient is not an email address: it has no @")
    if len(local) > LOCAL_PART_LIMIT or not _LOCAL_PART.fullmatch(local):
        raise PermanentFailure("the recipient is not exactly one mailbox: the part before @ cannot be used")
    ascii_domain = _ascii(domain)
    if len(local) + 1 + len(ascii_domain) > ADDRESS_LIMIT or not _DOMAIN.fullmatch(ascii_domain):
        raise PermanentFailure("the recipient is not exactly one mailbox: the domain cannot be used")
    return f"{local}@{ascii_domain}"


def named_mailbox(text: str) -> tuple[str, str]:
    """Split "Name <address>" or a bare address into a printable name and one mailbox."""
    name, address = parseaddr(text)
    return one_line(name), mailbox(address)


def _ascii(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
