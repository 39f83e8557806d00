"""Every adapter room has the same door, and `init_app` asks behind it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Any

import pytest
from flask import Flask
from flask_mail import Mail
from flask_sqlalchemy import SQLAlchemy
from hypothesis import given
from hypothesis import strategies as st

from flask_subscription_ops import SubscriptionOps
from flask_subscription_ops.errors import ConfigurationError
from flask_subscription_ops.extension import ROOMS
from flask_subscription_ops.outside.adapters import Adapter
from flask_subscription_ops.settings import KEYS, Settings, read_settings

from ..hosts import CONFIG

SECRET = "s" * 32
UNENCRYPTED = "must begin with https:// unless it is on this host: a secret would travel unencrypted"
SMTP = {"SUBS_MAIL": "smtp", "MAIL_SERVER": "smtp.example.com", "MAIL_USERNAME": "user", "MAIL_PASSWORD": "hush"}
MAILJET = {"SUBS_MAIL": "mailjet", "SUBS_MAILJET_API_KEY": "hush-key", "SUBS_MAILJET_API_SECRET": "hush-hush"}
HTTP = {
    "SUBS_WORKSPACES": "http",
    "SUBS_WORKSPACES_URL": "https://provisioner.example",
    "SUBS_WORKSPACES_SECRETS": SECRET,
}


def problems(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what `init_app` says about a host with this configuration."""
    app = Flask("host")
    app.config.update({**CONFIG, "SQLALCHEMY_DATABASE_URI": "sqlite://", **config})
    SQLAlchemy(app)
    Mail(app)
    try:
        SubscriptionOps(app)
    except ConfigurationError as refused:
        return refused.problems
    return ()


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"SUBS_MAIL": ("memory", "fax")}, "SUBS_MAIL names fax: use smtp, mailjet, file, memory"),
        ({"SUBS_WORKSPACES": "ftp"}, "SUBS_WORKSPACES names ftp: use hooks, http, memory"),
        ({"SUBS_MAIL": "file"}, "SUBS_MAIL names file, which needs SUBS_MAIL_DIR"),
        (
            {"SUBS_MAIL": ("memory", "mailjet")},
            "SUBS_MAIL names mailjet, which needs SUBS_MAILJET_API_KEY and SUBS_MAILJET_API_SECRET",
        ),
        (
            {"SUBS_WORKSPACES": "http"},
            "SUBS_WORKSPACES names http, which needs SUBS_WORKSPACES_URL and SUBS_WORKSPACES_SECRETS",
        ),
        (
            {**HTTP, "SUBS_WORKSPACES_URL": "http://provisioner.example"},
            f"SUBS_WORKSPACES_URL {UNENCRYPTED}",
        ),
        (
            {**HTTP, "SUBS_WORKSPACES_SECRETS": ("short",)},
            "SUBS_WORKSPACES_SECRETS needs at least 32 characters: generate it at random",
        ),
        (
            {**MAILJET, "SUBS_MAILJET_API_BASE": "http://api.mailjet.com/"},
            f"SUBS_MAILJET_API_BASE {UNENCRYPTED}",
        ),
        (
            {**MAILJET, "SUBS_MAILJET_API_BASE": "https://mailjet.example.com/"},
            "SUBS_MAILJET_API_BASE must be a host of mailjet.com, or this one for tests",
        ),
        (SMTP, "MAIL_PASSWORD would travel unencrypted: set MAIL_USE_TLS or MAIL_USE_SSL"),
        ({**SMTP, "MAIL_USE_TLS": "false"}, "MAIL_USE_TLS must be True or False, without quotes"),
        ({"SUBS_MAIL": "smtp", "MAIL_SUPPRESS_SEND": "0"}, "MAIL_SUPPRESS_SEND must be True or False, without quotes"),
        ({"SUBS_MAIL": "smtp", "MAIL_PORT": "abc"}, "MAIL_PORT must be a whole number that is not negative"),
        ({"SUBS_MAIL": "smtp", "MAIL_PORT": 65536}, "MAIL_PORT must be below 65536"),
        (
            {"SUBS_MAIL": "smtp", "MAIL_MAX_EMAILS": "x"},
            "MAIL_MAX_EMAILS must be a whole number that is not negative",
        ),
        (
            {"SUBS_MAIL": "smtp", "MAIL_SERVER": "smtp.example.com:587"},
            "MAIL_SERVER must be a name or an address, without its port",
        ),
        ({"SUBS_MAIL": "smtp", "MAIL_PASSWORD": 5}, "MAIL_PASSWORD must be one line of text in quotes"),
        (
            {**MAILJET, "MAIL_DEFAULT_SENDER": 5},
            "MAIL_DEFAULT_SENDER cannot be used, the sender is neither text nor a pair of a name and an address:"
            " write Name <name@example.com>",
        ),
        (
            {"SUBS_MAIL": "smtp", "SUBS_MAIL_SENDER": "Acme"},
            "SUBS_MAIL_SENDER cannot be used, the address is not an email address: it has no @:"
            " write Name <name@example.com>",
        ),
        (
            {
                **MAILJET,
                "SUBS_MAIL": ("mailjet", "smtp"),
                "SUBS_ADMIN_EMAILS": ("ops@example.com", "me@b\u00fc..example"),
            },
            "SUBS_ADMIN_EMAILS[1] cannot be used, the address is not exactly one mailbox: the domain cannot be used",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_work_is_refused_at_start_and_once(config: dict[str, Any], said: str) -> None:
    assert problems(config) == (said,)


@pytest.mark.parametrize(
    "config",
    [
        *(SMTP | change for change in ({"MAIL_USE_TLS": True}, {"MAIL_USE_SSL": 1}, {"MAIL_SUPPRESS_SEND": True})),
        *(SMTP | {"MAIL_SERVER": host} for host in ("localhost", "127.0.0.1", "::1", None)),
        *({"SUBS_MAIL": "smtp"} | change for change in ({"MAIL_PORT": "587"}, {"MAIL_PORT": None}, {"TESTING": True})),
        *({"SUBS_MAIL": "smtp", "MAIL_DEFAULT_SENDER": sender} for sender in (("Acme", "a@b.example"), None)),
        *(MAILJET | {"SUBS_MAILJET_API_BASE": base} for base in ("https://api.us.mailjet.com", "http://[::1]:9", "")),
        *(
            HTTP | {"SUBS_WORKSPACES_URL": url}
            for url in ("https://provisioner.example/x?y=1", "http://localhost:8000")
        ),
        {"SUBS_WORKSPACES": "memory"},
        {"SUBS_MAIL": "memory", "MAIL_PORT": "abc"},
    ],
    ids=str,
)
def test_what_can_work_is_taken(config: dict[str, Any]) -> None:
    assert problems(config) == ()


def test_a_key_that_cannot_be_read_is_not_missing_as_well() -> None:
    assert problems({**MAILJET, "SUBS_MAILJET_API_KEY": "key"}) == (
        "SUBS_MAILJET_API_KEY needs at least 8 characters: generate it at random",
    )


def test_a_choice_that_cannot_be_read_asks_no_adapter() -> None:
    (problem,) = problems({"SUBS_MAIL": 5, "MAIL_PORT": "abc"})

    assert problem.startswith("SUBS_MAIL ")


@pytest.mark.parametrize("value", [5, 1.5, [], "", None, b"\xff", "\ud800", float("inf"), object, True, {}], ids=repr)
@pytest.mark.parametrize("key", ["PORT", "MAX_EMAILS", "SERVER", "USERNAME", "PASSWORD", "USE_TLS", "DEFAULT_SENDER"])
def test_whatever_stands_in_a_key_of_flask_mail_it_is_taken_or_named(key: str, value: Any) -> None:
    assert all(f"MAIL_{key}" in problem for problem in problems({"SUBS_MAIL": "smtp", f"MAIL_{key}": value}))


@given(
    config=st.dictionaries(
        st.sampled_from(["MAIL_PORT", "MAIL_SERVER", "MAIL_USE_TLS", "MAIL_DEFAULT_SENDER", "MAIL_PASSWORD"]),
        st.one_of(st.text(), st.binary(), st.floats(), st.lists(st.text(), max_size=3), st.none(), st.booleans()),
    )
)
def test_no_mixture_of_them_raises_anything_else(config: dict[str, Any]) -> None:
    try:
        found = read_settings(config, ROOMS)
    except ConfigurationError:
        return
    assert isinstance(found, Settings)


@pytest.mark.parametrize(("room", "name"), [(room, name) for room, adapters in ROOMS.items() for name in adapters])
def test_every_adapter_can_be_opened_and_needs_keys_that_there_are(room: str, name: str) -> None:
    adapter: Adapter = ROOMS[room][name]

    assert callable(resolve_name(adapter.opener))
    assert set(adapter.needs) <= KEYS.keys()


def test_asking_loads_no_library_of_an_adapter() -> None:
    code = f"""
import sys
from flask_subscription_ops.extension import ROOMS
from flask_subscription_ops.settings import read_settings
config = { ({**SMTP, **MAILJET, **HTTP, "MAIL_USE_TLS": True, "SUBS_MAIL": ("smtp", "mailjet")})!r}
read_settings(config, ROOMS)
print(*{{"babel", "smtplib", "flask_mail", "mailjet_rest", "requests"}} & set(sys.modules))
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.stdout.strip(), done.stderr) == ("", "")
