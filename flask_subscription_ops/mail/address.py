"""Tell one mailbox from everything else that can stand where an address is expected."""

from __future__ import annotations

import re
from email.utils import getaddresses, quote
from functools import lru_cache
from typing import Any

from ..errors import PermanentFailure
from ..outside.domains import is_domain, to_ascii
from ..outside.text import one_line

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")

LOCAL_PART_LIMIT = 64  # RFC 5321, 4.5.3.1.1
ADDRESS_LIMIT = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets


def mailbox(address: str) -> str:
    """Return the address as it goes over SMTP, without white space around it, an international domain in ASCII.

    Raises PermanentFailure for anything that is not exactly one mailbox; the message names no personal data.
    """
    if not isinstance(address, str):
        raise PermanentFailure(f"the address is not text but {type(address).__name__}")
    local, at, domain = address.strip().rpartition("@")
    if not at:
        raise PermanentFailure("the address is not an email address: it has no @")
    if len(local) + 1 + len(domain) > ADDRESS_LIMIT:
        raise PermanentFailure(f"the address is longer than {ADDRESS_LIMIT} characters")
    if len(local) > LOCAL_PART_LIMIT or not _LOCAL_PART.fullmatch(local):
        raise PermanentFailure("the address is not exactly one mailbox: the part before @ cannot be used")
    ascii_domain = to_ascii(domain)
    if len(local) + 1 + len(ascii_domain) > ADDRESS_LIMIT or not is_domain(ascii_domain):
        raise PermanentFailure("the address is not exactly one mailbox: the domain cannot be used")
    return f"{local}@{ascii_domain}"


@lru_cache(maxsize=32)
def named_mailbox(text: str) -> tuple[str, str]:
    """Split "Name <address>" or a bare address into a printable name and one mailbox."""
    parties = getaddresses([text])
    if len(parties) != 1:
        raise PermanentFailure("the address is not exactly one mailbox: a name with a comma needs quotes")
    [(name, address)] = parties
    return one_line(name), mailbox(address)


def party(given: Any) -> tuple[str, str]:
    """Split a sender, given as text or as a pair, into a printable name and one mailbox."""
    if isinstance(given, str):
        return named_mailbox(given)
    if isinstance(given, (tuple, list)) and len(given) == 2 and isinstance(given[0], str):
        return one_line(given[0]), mailbox(given[1])
    raise PermanentFailure("the sender is neither text nor a pair of a name and an address")


def written(name: str, address: str) -> str:
    """Return the text that `named_mailbox` splits into the same two."""
    return f'"{quote(name)}" <{address}>' if name else address
