"""Where a secret may travel: over https, or to this host."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit


def is_this_host(host: str) -> bool:
    """Tell whether the name or address is the loopback, without asking a name server."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def url_problem(url: str) -> str | None:
    """Say why the URL cannot be used, without repeating it: it may hold a password."""
    try:
        parts = urlsplit(url)
        usable = parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        usable = False
    if not usable or not re.fullmatch("[!-~]+", url):
        return "must be a URL such as https://HOST/PATH, without a user name or password"
    if parts.scheme != "https" and not (parts.scheme == "http" and is_this_host(parts.hostname or "")):
        return "must begin with https:// unless it is on this host: a secret would travel unencrypted"
    return None
