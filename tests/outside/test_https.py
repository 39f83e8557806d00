from __future__ import annotations

import pytest

from flask_subscription_ops.outside.https import is_this_host, url_problem


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_host_is_its_name_and_its_loopback_addresses(host: str) -> None:
    assert is_this_host(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "10.0.0.1", "2130706433", "localhost.example.com", "127.0.0.1.nip.io"])
def test_nothing_else_is_this_host(host: str) -> None:
    assert not is_this_host(host)


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://example.com/", True),
        ("http://localhost:8000/", True),
        ("http://[::1]/", True),
        ("http://example.com/", False),
        ("ftp://localhost/", False),
        ("//localhost/", False),
        ("", False),
    ],
)
def test_a_url_is_private_by_encryption_or_by_staying_here(url: str, private: bool) -> None:
    assert (url_problem(url) is None) is private
