from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from flask_subscription_ops.errors import ConfigurationError, UnknownPlan
from flask_subscription_ops.settings import KEYS, Settings, read_settings

PRO = {"price": 4900, "currency": "EUR", "interval": "month"}

# Every key with its default, and another value that it takes.
DEFAULTS: dict[str, tuple[Any, Any]] = {
    "DEPLOYMENT": ("default", "production"),
    "TRIAL_DAYS": (14, 30),
    "TRIAL_REMINDER_DAYS": ((7, 3, 1), (10,)),
    "RENEWAL_REMINDER_DAYS": ((7, 3), ()),
    "GRACE_DAYS": (14, 7),
    "NOTICE_DAYS": (3, 0),
    "EXPIRE_SUSPENDED_DAYS": (90, 30),
    "RETRY_HOURS": ((24, 48, 96), (1, 2)),
    "PENDING_PAYMENT_DAYS": (7, 1),
    "MATCH_WINDOW_HOURS": (1, 2),
    "TIMEZONE": ("UTC", "Europe/Berlin"),
    "SEND_HOUR": (9, 0),
    "PROVIDER": (("fake",), ("stripe", "paytr")),
    "MAIL": (("smtp",), ("smtp", "memory")),
    "MAIL_DIR": (None, "/tmp/mail"),
    "ADMIN_EMAILS": ((), ("a@b.example",)),
    "EMAIL_FAILURE_RATE": (0.05, 0.5),
    "BATCH_SIZE": (1000, 10),
    "LEASE_SECONDS": (120.0, 600.0),
    "MAX_ATTEMPTS": (8, 1),
    "BRAKE_MIN": (20, 0),
    "BRAKE_SHARE": (0.05, 1.0),
    "EMAILS_OFF": ((), ("trial_started",)),
    "EMAILS_AT_MOST_ONCE": ((), ("trial_started",)),
    "RETENTION_DAYS": (90, 365),
    "BACKUP_DIR": (None, "/tmp/backup"),
    "BACKUP_KEEP": (14, 3),
    "TRIGGER_TOKENS": ((), ("token-of-one", "token-of-two")),
    "ADMIN_GUARD": (None, len),
    "METRICS_FILE": (None, "/tmp/metrics.prom"),
    "LOG_JSON": (False, True),
    "ALLOW_TIME_TRAVEL": (False, True),
    "STRIPE_SECRET_KEY": (None, "sk_test_1"),
    "STRIPE_WEBHOOK_SECRETS": ((), ("whsec_of_1", "whsec_of_2")),
    "STRIPE_API_BASE": (None, "http://127.0.0.1:9"),
    "MAILJET_API_KEY": (None, "hush-key"),
    "MAILJET_API_SECRET": (None, "hush-hush"),
    "MAILJET_API_BASE": (None, "http://127.0.0.1:9"),
    "MAIL_TIMEOUT": (20.0, 5.0),
    "HOOK_TIMEOUT": (30.0, 5.0),
    "PROVIDER_TIMEOUT": (20.0, 5.0),
    "MAIL_CONNECTIONS": (1, 4),
    "YOOKASSA_SHOP_ID": (None, "506751"),
    "YOOKASSA_SECRET_KEY": (None, "hush-hush"),
    "YOOKASSA_API_BASE": (None, "http://127.0.0.1:9"),
    "PAYTR_MERCHANT_ID": (None, "100200"),
    "PAYTR_MERCHANT_KEY": (None, "hush-hush"),
    "PAYTR_MERCHANT_SALT": (None, "hush-hush"),
    "PAYTR_API_BASE": (None, "http://[::1]:9"),
    "PAYTR_TEST_MODE": (False, True),
    "PAYTR_USER_IP": (None, "192.0.2.1"),
    "PAYTR_ADDRESS": (None, "Example Street 1"),
    "PAYTR_PHONE": (None, "+90 212 000 00 00"),
}


def read(**config: Any) -> Settings:
    return read_settings({f"SUBS_{key}": value for key, value in config.items()})


def problems(**config: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as refused:
        read(**config)
    return refused.value.problems


@pytest.mark.parametrize("key", DEFAULTS)
def test_every_key_has_the_default_of_the_design(key: str) -> None:
    assert getattr(read(), key.lower()) == DEFAULTS[key][0]


@pytest.mark.parametrize("key", DEFAULTS)
def test_every_key_takes_another_value(key: str) -> None:
    value = DEFAULTS[key][1]

    assert getattr(read(**{key: value}), key.lower()) == value


def test_a_list_may_be_given_where_there_are_several_and_one_value_for_a_list_of_one() -> None:
    settings = read(TRIAL_REMINDER_DAYS=[5, 2], MAIL="memory", ADMIN_EMAILS="ops@host.example", GRACE_DAYS=14)

    assert settings.trial_reminder_days == (5, 2)
    assert settings.mail == ("memory",)
    assert settings.admin_emails == ("ops@host.example",)


def test_keys_of_other_extensions_are_none_of_our_business() -> None:
    assert read_settings({"MAIL_SERVER": "localhost", "SUBSTITUTE": 1, "subs_trial_days": 3}) == Settings()


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("TRAIL_DAYS", "SUBS_TRIAL_DAYS"),
        ("PLAN", "SUBS_PLANS"),
        ("plans", "SUBS_PLANS"),
        ("GRACE_DAY", "SUBS_GRACE_DAYS"),
        ("LEASE_SECS", "SUBS_LEASE_SECONDS"),
        ("Trial_Days", "SUBS_TRIAL_DAYS"),
        ("YOOKASSA", "SUBS_YOOKASSA_"),
        ("YOOKASSA_SECRT", "SUBS_YOOKASSA_SECRET_KEY"),
        ("PAYTR_MERCHANT_KEY_FLIE", "SUBS_PAYTR_MERCHANT_KEY_FILE"),
        ("", "SUBS_"),
    ],
)
def test_an_unknown_key_names_the_nearest_one(key: str, nearest: str) -> None:
    (problem,) = problems(**{key: 3})

    assert problem.startswith(f"SUBS_{key} is not a setting; the nearest one is {nearest}")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("TRIAL_DAYS", 0),
        ("TRIAL_DAYS", "14"),
        ("TRIAL_DAYS", True),
        ("TRIAL_DAYS", 14.0),
        ("SEND_HOUR", 24),
        ("TRIAL_REMINDER_DAYS", "7,3"),
        ("TRIAL_REMINDER_DAYS", (7, 0)),
        ("TRIAL_REMINDER_DAYS", None),
        ("TIMEZONE", "Mars/Olympus"),
        ("TIMEZONE", None),
        ("MAIL", ()),
        ("MAIL", ("smtp", "smtp")),
        ("MAIL_DIR", 5),
        ("DEPLOYMENT", ""),
        ("DEPLOYMENT", None),
        ("BRAKE_SHARE", 1.1),
        ("BRAKE_SHARE", float("nan")),
        ("LOG_JSON", "yes"),
        ("ADMIN_EMAILS", ("",)),
        ("BATCH_SIZE", 1001),
        ("PLANS", ["pro"]),
        ("PLANS", None),
    ],
)
def test_a_value_that_cannot_be_read_names_its_key(key: str, value: Any) -> None:
    (problem,) = problems(**{key: value})

    assert problem.startswith(f"SUBS_{key} ")


def test_every_problem_is_listed_at_once_with_its_key() -> None:
    found = problems(
        TRIAL_DAYS=0,
        TRAIL_DAYS=14,
        SEND_HOUR=99,
        PLANS={"pro": {**PRO, "price": 1.5}, "max": {}, "ok": PRO},
        HOOK_TIMEOUT=60,
    )

    assert [re.split("[ :]", problem)[0] for problem in found] == [
        "SUBS_TRIAL_DAYS",
        "SUBS_TRAIL_DAYS",
        "SUBS_SEND_HOUR",
        "SUBS_PLANS['pro']",
        "SUBS_PLANS['max']",
        "SUBS_HOOK_TIMEOUT",
    ]


def test_the_error_shows_one_line_for_each_problem() -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(TRIAL_DAYS=0, SEND_HOUR=99)

    assert len(str(refused.value).splitlines()) == 1 + len(refused.value.problems) == 3


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            {"MAIL_TIMEOUT": 60},
            "SUBS_MAIL_TIMEOUT 60 s must be below half of SUBS_LEASE_SECONDS 120 s: raise the lease",
        ),
        ({"HOOK_TIMEOUT": 61}, "SUBS_HOOK_TIMEOUT 61 s must be below half"),
        ({"LEASE_SECONDS": 50, "HOOK_TIMEOUT": 2, "MAIL_TIMEOUT": 2, "PROVIDER_TIMEOUT": 25}, "SUBS_PROVIDER_TIMEOUT"),
        ({"NOTICE_DAYS": 15}, "SUBS_NOTICE_DAYS 15 is longer than SUBS_GRACE_DAYS 14"),
        ({"GRACE_DAYS": 2}, "SUBS_NOTICE_DAYS 3 is longer than SUBS_GRACE_DAYS 2"),
    ],
)
def test_keys_that_contradict_each_other_are_named_with_the_remedy(config: dict[str, Any], said: str) -> None:
    (problem,) = problems(PLANS={"pro": PRO}, **config)

    assert problem.startswith(said)


def test_a_lease_of_six_seconds_works_with_timeouts_of_two() -> None:
    settings = read(LEASE_SECONDS=6, MAIL_TIMEOUT=2, HOOK_TIMEOUT=2, PROVIDER_TIMEOUT=2)

    assert settings.lease_seconds == 6


def test_a_grace_as_long_as_the_notice_works_and_no_notice_needs_no_grace() -> None:
    assert read(GRACE_DAYS=3).notice_days == 3
    assert read(GRACE_DAYS=0, NOTICE_DAYS=0).grace_days == 0


def test_plans_take_the_apps_numbers_and_their_own() -> None:
    settings = read(TRIAL_DAYS=30, GRACE_DAYS=7, PLANS={"a": PRO, "b": {**PRO, "policy": {"grace_days": 5}}})

    assert settings.policy("a").trial_days == 30
    assert (settings.policy("a").grace_days, settings.policy("b").grace_days) == (7, 5)


def test_a_plan_that_is_no_longer_declared_is_looked_after_by_the_apps_numbers() -> None:
    assert read(TRIAL_REMINDER_DAYS=(2,)).policy("gone").trial_reminder_days == (2,)


def test_an_unknown_plan_names_those_there_are() -> None:
    settings = read(PLANS={"pro": PRO, "basic": PRO})

    with pytest.raises(UnknownPlan, match="no plan 'por'; SUBS_PLANS declares basic, pro"):
        settings.plan("por")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        read().trial_days = 3  # type: ignore[misc]


def test_the_host_s_own_objects_are_copied_not_kept() -> None:
    context = {"brand": "Acme"}
    settings = read(MAIL_CONTEXT=context)

    context["brand"] = "changed"

    assert settings.mail_context == {"brand": "Acme"}


def test_no_field_is_left_without_a_reader() -> None:
    assert {f.name for f in fields(Settings)} - set(KEYS) == {"plans"}
