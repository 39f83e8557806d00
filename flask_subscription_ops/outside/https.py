"""What a secret may travel over: https, or a connection that does not leave this host."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult


def is_private(url: SplitResult) -> bool:
    """Tell whether nobody on the way can read what is sent to the URL."""
    return url.scheme == "https" or (url.scheme == "http" and is_this_host(url.hostname or ""))


def is_this_host(host: str) -> bool:
    """Tell whether the name or address means this host and nothing else."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
