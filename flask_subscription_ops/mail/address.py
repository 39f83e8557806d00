"""Tell one mailbox from everything else that can stand where an address is expected."""

from __future__ import annotations

import re
from email.utils import getaddresses, quote
from functools import lru_cache
from unicodedata import normalize

from ..errors import PermanentFailure
from ..outside.text import one_line

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL_PART = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")

LOCAL_PART_LIMIT = 64  # RFC 5321, 4.5.3.1.1
ADDRESS_LIMIT = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets
DOMAIN_LIMIT = 253  # RFC 1035, 2.3.4, without the root


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
    ascii_domain = _ascii(domain)
    if len(local) + 1 + len(ascii_domain) > ADDRESS_LIMIT or not _DOMAIN.fullmatch(ascii_domain):
        raise PermanentFailure("the address is not exactly one mailbox: the domain cannot be used")
    return f"{local}@{ascii_domain}"


def is_domain(name: str) -> bool:
    """Tell whether the name is a full domain name: not the bare name of a host, not an address."""
    is_name = len(name) <= DOMAIN_LIMIT and _DOMAIN.fullmatch(name)
    return bool(is_name) and "." in name and not name.rpartition(".")[2].isdigit()


@lru_cache(maxsize=32)
def named_mailbox(text: str) -> tuple[str, str]:
    """Split "Name <address>" or a bare address into a printable name and one mailbox."""
    parties = getaddresses([text])
    if len(parties) != 1:
        raise PermanentFailure("the address is not exactly one mailbox: a name with a comma needs quotes")
    [(name, address)] = parties
    return one_line(name), mailbox(address)


def written(name: str, address: str) -> str:
    """Return the text that `named_mailbox` splits into the same two."""
    return f'"{quote(name)}" <{address}>' if name else address


def _ascii(domain: str) -> str:
    """Return the domain as IDNA 2008 (RFC 5891) writes it, nothing where it cannot.

    Python's own codec is IDNA 2003, which sends what is for fa\u00df.de to fass.de, somebody else's domain. Of the
    mappings before it, RFC 5895, only the case is changed.
    """
    if domain.isascii():
        return domain
    import idna

    try:
        return idna.encode(normalize("NFC", domain.lower())).decode("ascii")
    except UnicodeError:
        return ""
