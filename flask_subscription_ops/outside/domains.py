"""Names of hosts and domains, as they go out."""

from __future__ import annotations

import re
from unicodedata import normalize

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")

DOMAIN_LIMIT = 253  # RFC 1035, 2.3.4, without the root


def to_ascii(domain: str) -> str:
    """Return the domain as IDNA 2008 (RFC 5891) writes it, nothing where it cannot.

    Python's own codec is IDNA 2003, which sends what is for fa\u00df.de to fass.de, somebody else's domain. Of the
    mappings before it, RFC 5895, only the case is changed.
    """
    if domain.isascii():
        return domain
    if len(domain) > DOMAIN_LIMIT:
        return ""
    import idna

    try:
        return idna.encode(normalize("NFC", domain.lower())).decode("ascii")
    except UnicodeError:
        return ""


def is_domain(name: str) -> bool:
    """Tell whether the name is one label or more, in ASCII, as RFC 1123, 2.1 allows them."""
    return len(name) <= DOMAIN_LIMIT and bool(_DOMAIN.fullmatch(name))


def is_full_domain(name: str) -> bool:
    """Tell whether the name means a host elsewhere too: not the bare name of a host, not an address."""
    return is_domain(name) and "." in name and not name.rpartition(".")[2].isdigit()
