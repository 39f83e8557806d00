"""Every key there is, with its default and how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from ..domain.contacts import Contact, zone_of
from ..domain.plans import Plan, Policy
from ..domain.reminders import Ladder
from ..errors import UnknownPlan
from ..outside.typed import typed
from .mail_context import mail_context
from .secrets import secret
from .values import (
    Read,
    address,
    each,
    flag,
    function,
    internet_address,
    name,
    number,
    optional,
    path,
    sender,
    sequence,
    some,
    text,
    url,
    whole,
    zone,
)

PROVIDER = r"fake|stripe|yookassa|paytr|([^\W\d]\w*\.)*[^\W\d]\w*:[^\W\d]\w*"
COMMAND = r"[A-Za-z0-9][A-Za-z0-9_-]*"
WORKSPACE_SECRET_LENGTH = 32


def setting(default: Any, read: Read, *, secret: bool = False) -> Any:
    """Declare one key: its default, how its value is read, and whether it may ever be shown."""
    return field(default=default, repr=not secret, metadata={"read": read, "secret": secret})


_days = each(whole(1, 3650), "(7, 3, 1)")
_kinds = each(text(), '("trial_started", "canceled")')
_secrets = each(secret(), '("newest", "older")')


@dataclass(frozen=True)
class Settings:
    """Every SUBS_ key under its lower-case name; docs/reference/settings.md tells what each one does."""

    plans: Mapping[str, Plan] = field(default_factory=dict)
    deployment: str = setting("default", text(191))
    trial_days: int = setting(14, whole(1, 3650))
    trial_reminder_days: tuple[int, ...] = setting((7, 3, 1), _days)
    renewal_reminder_days: tuple[int, ...] = setting((7, 3), _days)
    grace_days: int = setting(14, whole(0, 3650))
    notice_days: int = setting(3, whole(0, 3650))
    expire_suspended_days: int = setting(90, whole(0, 3650))
    retry_hours: tuple[int, ...] = setting((24, 48, 96), sequence(whole(1, 3650), "(24, 48, 96)"))
    pending_payment_days: int = setting(7, whole(1, 3650))
    match_window_hours: int = setting(1, whole(1, 8760))
    timezone: str = setting("UTC", zone)
    send_hour: int = setting(9, whole(0, 23))
    provider: tuple[str, ...] = setting(
        ("fake",),
        some(
            each(name(PROVIDER, "fake, stripe, yookassa, paytr or package.module:Class"), '("stripe", "paytr")'), "fake"
        ),
    )
    mail: tuple[str, ...] = setting(("smtp",), some(each(text(), '("smtp", "file")'), "smtp"))
    mail_dir: str | None = setting(None, optional(path))
    mail_sender: str | tuple[str, str] | None = setting(None, optional(sender))
    mail_context: Mapping[str, Any] = field(default_factory=dict, metadata={"read": mail_context})
    mail_timeout: float = setting(20.0, number(0.1, 3600))
    mail_connections: int = setting(1, whole(1, 64))
    mailjet_api_key: str | None = setting(None, optional(secret()), secret=True)
    mailjet_api_secret: str | None = setting(None, optional(secret()), secret=True)
    mailjet_api_base: str | None = setting(None, optional(url))
    workspaces: str = setting("hooks", text())
    workspaces_url: str | None = setting(None, optional(url))
    workspaces_secrets: tuple[str, ...] = setting(
        (), each(secret(WORKSPACE_SECRET_LENGTH), '("newest", "older")'), secret=True
    )
    hook_timeout: float = setting(30.0, number(0.1, 3600))
    database_timeout: float = setting(30.0, number(0.1, 3600))
    provider_timeout: float = setting(20.0, number(0.1, 3600))
    admin_emails: tuple[str, ...] = setting((), each(address, '("ops@example.com", "me@example.com")'))
    email_failure_rate: float = setting(0.05, number(0, 1))
    batch_size: int = setting(1000, whole(1, 1000))
    lease_seconds: float = setting(120.0, number(1, 86_400))
    max_attempts: int = setting(8, whole(1, 1000))
    brake_min: int = setting(20, whole(0))
    brake_share: float = setting(0.05, number(0, 1))
    emails_off: tuple[str, ...] = setting((), _kinds)
    emails_at_most_once: tuple[str, ...] = setting((), _kinds)
    retention_days: int = setting(90, whole(1, 36_500))
    backup_dir: str | None = setting(None, optional(path))
    backup_keep: int = setting(14, whole(1))
    trigger_tokens: tuple[str, ...] = setting((), _secrets, secret=True)
    admin_guard: Any = setting(None, optional(function))
    access_denied: str | None = setting(None, optional(text()))
    metrics_file: str | None = setting(None, optional(path))
    log_json: bool = setting(False, flag)
    allow_time_travel: bool = setting(False, flag)
    cli_group: str = setting("subs", name(COMMAND, "the name of a command such as subs"))
    bind_key: str | None = setting(None, optional(text()))
    stripe_secret_key: str | None = setting(None, optional(secret()), secret=True)
    stripe_webhook_secrets: tuple[str, ...] = setting((), _secrets, secret=True)
    stripe_api_base: str | None = setting(None, optional(url))
    yookassa_shop_id: str | None = setting(None, optional(text()))
    yookassa_secret_key: str | None = setting(None, optional(secret()), secret=True)
    yookassa_api_base: str | None = setting(None, optional(url))
    paytr_merchant_id: str | None = setting(None, optional(text()))
    paytr_merchant_key: str | None = setting(None, optional(secret()), secret=True)
    paytr_merchant_salt: str | None = setting(None, optional(secret()), secret=True)
    paytr_api_base: str | None = setting(None, optional(url))
    paytr_test_mode: bool = setting(False, flag)
    paytr_user_ip: str | None = setting(None, optional(internet_address))
    paytr_address: str | None = setting(None, optional(text()))
    paytr_phone: str | None = setting(None, optional(text()))

    def plan(self, key: str) -> Plan:
        """Return the declared plan; raises UnknownPlan, naming the ones there are."""
        found = self.plans.get(key)
        if found is None:
            raise UnknownPlan(
                f"there is no plan {key!r}; SUBS_PLANS declares {', '.join(sorted(self.plans)) or 'none'}"
            )
        return found

    def command(self, *words: str) -> str:
        """Return a command of ours as it is typed."""
        return typed(self.cli_group, *words)

    def policy(self, plan: str) -> Policy:
        """Return the plan's policy; the app's defaults for a plan that is no longer declared."""
        found = self.plans.get(plan)
        return found.policy if found else default_policy(self)

    def trial_ladder(self, plan: str, start: datetime, end: datetime, contact: Contact | None) -> Ladder:
        """Return the reminders of a trial in its contact's zone; without a contact, in the app's."""
        zone = zone_of(contact.timezone if contact else self.timezone, self.timezone)
        return Ladder(start, end, self.policy(plan).trial_reminder_days, zone, self.send_hour)


def default_policy(source: Any) -> Policy:
    """Return the policy that the app-wide keys describe."""
    return Policy(**{f.name: getattr(source, f.name) for f in fields(Policy)})


KEYS = {f.name: f for f in fields(Settings) if "read" in f.metadata}
SECRETS = frozenset(name for name, f in KEYS.items() if f.metadata.get("secret"))
