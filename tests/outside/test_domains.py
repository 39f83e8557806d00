from __future__ import annotations

import idna
import pytest

from flask_subscription_ops.outside.domains import is_full_domain, to_ascii


@pytest.mark.parametrize(
    ("domain", "written"),
    [
        ("faß.de", "xn--fa-hia.de"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("As_It_Is.com", "As_It_Is.com"),
        ("", ""),
    ],
)
def test_an_international_domain_is_written_as_idna_2008(domain: str, written: str) -> None:
    assert to_ascii(domain) == written


@pytest.mark.parametrize("domain", ["💩.example", "ü..example", "ex\u200dample.com", "ü" * 64, "ü." * 100_000])
def test_what_idna_2008_does_not_know_is_not_written(domain: str) -> None:
    assert to_ascii(domain) == ""


def test_what_is_longer_than_any_domain_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idna, "encode", lambda domain: pytest.fail(f"{len(domain)} characters were looked at"))

    assert to_ascii("ü." * 127) == ""


@pytest.mark.parametrize("name", ["example.com", "mail-1.example.co.uk", "xn--fa-hia.de"])
def test_a_full_name_is_a_domain(name: str) -> None:
    assert is_full_domain(name)


@pytest.mark.parametrize(
    "name", ["", "localhost", "web_1.example.com", "10.0.0.5", "faß.de", "a." * 127 + "com", "a.b\n"]
)
def test_what_cannot_stand_for_a_host_elsewhere_is_no_domain(name: str) -> None:
    assert not is_full_domain(name)
