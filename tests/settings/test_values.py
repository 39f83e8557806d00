"""What each kind of value takes, and what it says to anything else."""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_subscription_ops.errors import ConfigurationError
from flask_subscription_ops.settings import KEYS, Settings, read_settings


class Hostile:
    """A host's object that cannot be shown, compared, counted or opened."""

    def __repr__(self) -> str:
        raise RuntimeError

    __eq__ = __hash__ = __len__ = __iter__ = __fspath__ = __str__ = __repr__  # type: ignore[assignment]


texts = st.one_of(st.text(), st.sampled_from(["\ud800", "\0", "\ufeff", "a\nb", "7,3,1", "(7, 3, 1)", "x" * 10_000]))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([float("nan"), float("inf"), 1j, Decimal("NaN"), Path("/tmp"), len]),
    st.builds(pow, st.just(10), st.just(5000)),  # too long to print,
    st.floats(),
    st.binary(),
    texts,
    st.builds(Hostile),
)
junk = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.lists(inner, max_size=4).map(deque),
        st.dictionaries(st.one_of(st.text(max_size=8), st.integers(), st.none()), inner, max_size=4),
        st.sampled_from(["price", "currency", "interval", "policy", "limits", "trial_days", "retry_hours"]).flatmap(
            lambda key: inner.map(lambda value: {key: value})
        ),
    ),
    max_leaves=8,
)


def read(**config: Any) -> Settings:
    return read_settings({f"SUBS_{key}": value for key, value in config.items()})


def refusals(config: Mapping[Any, Any]) -> tuple[str, ...]:
    """Return what is wrong; anything raised but ConfigurationError fails the test."""
    try:
        read_settings(config)
    except ConfigurationError as refused:
        return refused.problems
    return ()


def problem_of(**config: Any) -> str:
    with pytest.raises(ConfigurationError) as refused:
        read(**config)
    (problem,) = refused.value.problems
    return problem


@pytest.mark.parametrize("name", ["plans", *KEYS])
@given(value=junk)
def test_whatever_stands_in_a_key_it_is_read_or_named(name: str, value: Any) -> None:
    key = f"SUBS_{name.upper()}"

    refused = refusals({key: value})

    assert not refused or any(key in problem for problem in refused)
    assert all(len(problem) < 2_000 for problem in refused)


@given(plan=junk, key=scalars.filter(lambda key: not isinstance(key, Hostile)))
def test_whatever_stands_in_a_plan_it_is_read_or_named(key: Any, plan: Any) -> None:
    declared = {"price": 1, "currency": "EUR", "interval": "month", "policy": plan}

    refused = refusals({"SUBS_PLANS": {key: declared}})

    assert all(problem.startswith("SUBS_PLANS") for problem in refused)


@given(keys=st.dictionaries(st.one_of(st.integers(), st.none(), texts.map("SUBS_".__add__)), junk, max_size=3))
def test_whatever_key_is_given_it_is_none_of_ours_or_named(keys: dict[Any, Any]) -> None:
    ours = [key for key in keys if isinstance(key, str)]

    refused = refusals(keys)

    assert len(refused) == len(ours)


@pytest.mark.parametrize("key", ["TRIAL_REMINDER_DAYS", "RENEWAL_REMINDER_DAYS"])
@pytest.mark.parametrize("value", [[7, 7], (1, 2, 1), deque([3, 3])])
def test_days_and_hours_that_repeat_a_number_are_refused(key: str, value: Any) -> None:
    assert problem_of(**{key: value}).startswith(f"SUBS_{key} must be a list such as (")
    assert "twice" in problem_of(**{key: value})


@pytest.mark.parametrize("name", ["trial_reminder_days", "renewal_reminder_days"])
def test_those_of_a_plan_are_refused_too(name: str) -> None:
    plan = {"price": 1, "currency": "EUR", "interval": "month", "policy": {name: [7, 7]}}

    assert f"{name} must name no number twice" in problem_of(PLANS={"pro": plan})


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("TRIAL_REMINDER_DAYS", "7,3,1", "must be a list such as (7, 3, 1), got str"),
        ("RETRY_HOURS", "24,48", "must be a list such as (24, 48, 96), got str"),
        ("TRIAL_REMINDER_DAYS", b"\x07\x03", "must be a list such as (7, 3, 1), got bytes"),
        ("TRIAL_REMINDER_DAYS", {7: 1}, "must be a list such as (7, 3, 1), got dict"),
        ("MAIL", "smtp,file", 'must be a list such as ("smtp", "file"), got str'),
        ("EMAILS_OFF", "trial_started, canceled", 'must be a list such as ("trial_started", "canceled"), got str'),
        ("PROVIDER", "stripe,paytr", 'must be a list such as ("stripe", "paytr"), got str'),
        ("TRIGGER_TOKENS", "hush-hush,hush-more", 'must be a list such as ("newest", "older"), got str'),
        ("ADMIN_EMAILS", "a@b.example,c@d.example", 'must be a list such as ("ops@example.com", "me@example.com")'),
        ("TRIAL_DAYS", "14", "must be a whole number from 1 to 3650, got '14': write it without quotes"),
        ("TRIAL_REMINDER_DAYS", "7", "must be a whole number from 1 to 3650, got '7': write it without quotes"),
        ("BRAKE_SHARE", "0.1", "must be a number from 0 to 1, got '0.1': write it without quotes"),
        ("LOG_JSON", "false", "must be True or False, got 'false': write it without quotes"),
        ("YOOKASSA_SHOP_ID", 506751, "must be text in quotes that is not empty, got int"),
        ("MAIL_CONTEXT", "app_name=Acme", "must be a mapping of names, got 'app_name=Acme'"),
        ("ADMIN_GUARD", "shop.guard", "must be a function, got 'shop.guard'"),
        ("MAIL_SENDER", 5, "must be 'Name <name@example.com>', or a pair of a name and an address"),
        ("PAYTR_USER_IP", "192.0.2.256", "must be an IP address such as 192.0.2.1"),
    ],
)
def test_the_right_form_is_shown(key: str, value: Any, said: str) -> None:
    assert problem_of(**{key: value}).startswith(f"SUBS_{key} {said}")


@pytest.mark.parametrize("provider", ["fake", "stripe", "yookassa", "paytr", "shop.payments:Bank", "bank:Bank"])
def test_a_provider_is_one_of_ours_or_a_class_of_the_hosts(provider: str) -> None:
    assert read(PROVIDER=provider).provider == (provider,)


@pytest.mark.parametrize("provider", ["bank", "Stripe", "shop.payments", "shop:", ":Bank", "shop payments:Bank", ()])
def test_any_other_provider_is_refused(provider: Any) -> None:
    assert problem_of(PROVIDER=provider).startswith("SUBS_PROVIDER must ")


@pytest.mark.parametrize("value", ["a\nb", "\ufeffname", "a\0", "a\x1b[2J", "a\u202eb"])
@pytest.mark.parametrize("key", ["DEPLOYMENT", "BIND_KEY", "MAIL_DIR", "YOOKASSA_SHOP_ID", "ACCESS_DENIED"])
def test_text_that_cannot_be_printed_is_refused(key: str, value: str) -> None:
    problem = problem_of(**{key: value})

    assert problem.startswith((f"SUBS_{key} holds a line break", f"SUBS_{key} begins with a byte order mark"))
    assert problem.isprintable()


def test_a_deployment_has_room_for_its_name_in_the_database() -> None:
    assert read(DEPLOYMENT="d" * 191).deployment == "d" * 191
    assert problem_of(DEPLOYMENT="d" * 192) == "SUBS_DEPLOYMENT must have at most 191 characters, has 192"


@pytest.mark.parametrize("name", ["my subs", "-subs", "subs;", ""])
def test_a_group_has_a_name_that_a_shell_and_a_unit_can_spell(name: str) -> None:
    assert problem_of(CLI_GROUP=name).startswith("SUBS_CLI_GROUP must be the name of a command such as subs")


URLS = ("MAILJET_API_BASE", "WORKSPACES_URL", "STRIPE_API_BASE", "YOOKASSA_API_BASE", "PAYTR_API_BASE")


@pytest.mark.parametrize("key", URLS)
@pytest.mark.parametrize(
    "url", ["https://example.com", "http://localhost:8000/x", "http://[::1]:80/", "http://127.9.9.9"]
)
def test_a_url_that_is_safe_is_taken(key: str, url: str) -> None:
    assert getattr(read(**{key: url}), key.lower()) == url


@pytest.mark.parametrize("key", URLS)
@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "http://2130706433/",
        "ftp://localhost/",
        "https://user:hush@example.com/",
        "https:///path",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://example.com/a b",
        "https://example.com/\r\nHost: x",
        "https://[::1/",
        "example.com",
        " ",
    ],
)
def test_a_url_that_is_not_safe_is_refused_and_not_repeated(key: str, url: str) -> None:
    problem = problem_of(**{key: url})

    assert problem.startswith(f"SUBS_{key} ")
    assert "hush" not in problem


def test_utc_stays_utc_where_the_machine_knows_only_another_zone(tmp_path: Path) -> None:
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Berlin").write_bytes((files("tzdata") / "zoneinfo/Europe/Berlin").read_bytes())
    code = f"""
import sys, zoneinfo
zoneinfo.reset_tzpath([{str(tmp_path)!r}]); sys.modules["tzdata"] = None
from flask_subscription_ops.domain.contacts import zone_name, zone_of
print(zone_name(zone_of("UTC", "Europe/Berlin")), zone_name(zone_of("Asia/Tokyo", "Europe/Berlin")))
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stdout == "UTC Europe/Berlin\n", done.stderr


def test_utc_is_known_where_the_machine_has_no_zone_data() -> None:
    code = """
import sys, zoneinfo
from datetime import datetime, timezone
zoneinfo.reset_tzpath([]); sys.modules["tzdata"] = None
from flask_subscription_ops.domain.contacts import zone_name, zone_of
from flask_subscription_ops.domain.reminders import earliest_look
from flask_subscription_ops.settings import read_settings
noon = datetime(2026, 12, 1, 12, tzinfo=timezone.utc)
print(read_settings({"SUBS_TIMEZONE": "UTC"}).timezone, zone_name(zone_of("UTC")), zone_name(zone_of("Asia/Tokyo")))
print(earliest_look(noon, noon.replace(day=15), (7, 3, 1), 9))
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stdout.splitlines() == ["UTC UTC UTC", "2026-12-06 17:00:00+00:00"], done.stderr


def test_waits_between_tries_may_all_be_alike() -> None:
    plans = {"pro": {"price": 1, "currency": "EUR", "interval": "month", "policy": {"retry_hours": [12, 12]}}}

    settings = read_settings({"SUBS_RETRY_HOURS": (24, 24), "SUBS_PLANS": plans})

    assert (settings.retry_hours, settings.policy("pro").retry_hours) == ((24, 24), (12, 12))
