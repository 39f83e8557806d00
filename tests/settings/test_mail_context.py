"""SUBS_MAIL_CONTEXT: the keys of ours are checked, all others are the host's."""

from __future__ import annotations

from typing import Any

import pytest

from flask_subscription_ops.settings.mail_context import KEYS

from .test_values import problem_of, read


def context_of(**context: Any) -> Any:
    return read(MAIL_CONTEXT=context).mail_context


@pytest.mark.parametrize(
    ("key", "given", "kept"),
    [
        ("accent", "#25C", "#2255cc"),
        ("billing_url", "http://localhost:5000/billing?from=email#top", "http://localhost:5000/billing?from=email#top"),
        ("app_url", "https://app.example.com", "https://app.example.com"),
        ("support_email", " help@example.com ", "help@example.com"),
        ("logo_url", "https://example.com/logo.png", "https://example.com/logo.png"),
        ("logo_url", "http://127.0.0.1:5000/static/logo.png", "http://127.0.0.1:5000/static/logo.png"),
        ("postal_address", "Acme Ltd\n1 High Street \n", ("Acme Ltd", "1 High Street")),
        ("postal_address", ["Acme Ltd", "1 High Street"], ("Acme Ltd", "1 High Street")),
    ],
)
def test_what_fits_is_kept(key: str, given: Any, kept: Any) -> None:
    assert context_of(**{key: given}) == {key: kept}


@pytest.mark.parametrize(
    ("key", "given", "remedy"),
    [
        ("accent", "blue", "accent must be a CSS hex colour such as #2456c7 or #25c, got 'blue'"),
        ("accent", 0x2456C7, "accent must be a CSS hex colour such as #2456c7 or #25c, got 2381511"),
        ("billing_url", "/billing", "billing_url must be a link such as https://app.example.com/billing, got"),
        ("billing_url", "javascript:alert(1)", "billing_url must be a link such as https://"),
        ("app_url", "https://", "app_url must be a link such as https://"),
        ("app_url", "https://[", "app_url must be a link such as https://"),
        ("support_email", "help", "support_email must be an address such as ops@example.com"),
        ("reply_to", "Help <help@example.com>", "reply_to must be an address such as ops@example.com"),
        ("logo_url", "http://example.com/logo.png", "logo_url must begin with https:// unless it is on this host"),
        ("logo_url", "logo.png", "logo_url must be a URL such as https://HOST/PATH"),
        ("postal_address", 7, "postal_address must be 1 to 6 lines such as ('Acme Ltd', '1 High Street', 'London')"),
        ("postal_address", "a\n" * 7, "postal_address must be 1 to 6 lines"),
        ("postal_address", ["Acme\nLtd"], "postal_address holds a line break"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence_that_names_the_right_ones(key: str, given: Any, remedy: str) -> None:
    assert problem_of(MAIL_CONTEXT={key: given}).startswith(f"SUBS_MAIL_CONTEXT {remedy}")


def test_several_wrong_ones_are_named_together() -> None:
    problem = problem_of(MAIL_CONTEXT={"logo_url": "x", "accent": "y"})

    assert problem.startswith("SUBS_MAIL_CONTEXT accent must be ")
    assert "; logo_url must be " in problem


@pytest.mark.parametrize("nothing", [None, ""])
@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_holds_nothing_counts_as_left_out(key: str, nothing: Any) -> None:
    assert context_of(**{key: nothing}) == {}


def test_the_hosts_own_variables_are_kept_as_given() -> None:
    own = {"app_name": "Acme", "brand": None, "team": ["Ada"]}

    assert context_of(**own) == own
