"""Every key there is, with its default and how it is read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from ..domain.contacts import Contact, zone_of
from ..domain.plans import Plan, Policy
from ..domain.reminders import Ladder
from ..errors import UnknownPlan
from .values import Read, as_given, each, flag, mapping, number, one_of, optional, secret, some, text, whole, zone

TRANSPORT_NAMES = ("smtp", "mailjet", "file", "memory")
PROVISIONER_NAMES = ("hooks", "memory", "http")


def setting(default: Any, read: Read, *, secret: bool = False) -> Any:
    """Declare one key: its default, how its value is read, and whether it may ever be shown."""
    return field(default=default, repr=not secret, metadata={"read": read, "secret": secret})


_days = each(whole(1, 3650))


@dataclass(frozen=True)
class Settings:
    """Every SUBS_ key under its lower-case name; docs/reference/settings.md tells what each one does."""

    plans: Mapping[str, Plan] = field(default_factory=dict)
    deployment: str = setting("default", text)
    trial_days: int = setting(14, whole(1, 3650))
    trial_reminder_days: tuple[int, ...] = setting((7, 3, 1), _days)
    renewal_reminder_days: tuple[int, ...] = setting((7, 3), _days)
    grace_days: int = setting(14, whole(0, 3650))
    notice_days: int = setting(3, whole(0, 3650))
    expire_suspended_days: int = setting(90, whole(0, 3650))
    retry_hours: tuple[int, ...] = setting((24, 48, 96), each(whole(1, 3650)))
    pending_payment_days: int = setting(7, whole(1, 3650))
    match_window_hours: int = setting(1, whole(1, 8760))
    timezone: str = setting("UTC", zone)
    send_hour: int = setting(9, whole(0, 23))
    provider: str = setting("fake", text)
    mail: tuple[str, ...] = setting(("smtp",), some(one_of(*TRANSPORT_NAMES)))
    mail_dir: str | None = setting(None, optional(os.fspath))
    mail_sender: str | None = setting(None, optional(as_given))
    mail_context: Mapping[str, Any] = field(default_factory=dict, metadata={"read": mapping})
    mail_timeout: float = setting(20.0, number(0.1, 3600))
    mail_connections: int = setting(1, whole(1, 64))
    mailjet_api_key: str | None = setting(None, optional(secret), secret=True)
    mailjet_api_secret: str | None = setting(None, optional(secret), secret=True)
    mailjet_api_base: str | None = setting(None, optional(text))
    workspaces: str = setting("hooks", one_of(*PROVISIONER_NAMES))
    workspaces_url: str | None = setting(None, optional(text))
    workspaces_secrets: tuple[str, ...] = setting((), each(secret), secret=True)
    hook_timeout: float = setting(30.0, number(0.1, 3600))
    database_timeout: float = setting(30.0, number(0.1, 3600))
    provider_timeout: float = setting(20.0, number(0.1, 3600))
    admin_emails: tuple[str, ...] = setting((), each(text))
    email_failure_rate: float = setting(0.05, number(0, 1))
    batch_size: int = setting(1000, whole(1, 1000))
    lease_seconds: float = setting(120.0, number(1, 86_400))
    max_attempts: int = setting(8, whole(1, 1000))
    brake_min: int = setting(20, whole(0))
    brake_share: float = setting(0.05, number(0, 1))
    emails_off: tuple[str, ...] = setting((), each(text))
    emails_at_most_once: tuple[str, ...] = setting((), each(text))
    retention_days: int = setting(90, whole(1, 36_500))
    backup_dir: str | None = setting(None, optional(os.fspath))
    backup_keep: int = setting(14, whole(1))
    trigger_tokens: tuple[str, ...] = setting((), each(secret), secret=True)
    admin_guard: Any = setting(None, as_given)
    access_denied: str | None = setting(None, optional(text))
    metrics_file: str | None = setting(None, optional(os.fspath))
    log_json: bool = setting(False, flag)
    allow_time_travel: bool = setting(False, flag)
    cli_group: str = setting("subs", text)
    bind_key: str | None = setting(None, optional(text))
    stripe_secret_key: str | None = setting(None, optional(secret), secret=True)
    stripe_webhook_secrets: tuple[str, ...] = setting((), each(secret), secret=True)
    stripe_api_base: str | None = setting(None, optional(text))
    yookassa: Mapping[str, Any] = field(default_factory=dict, repr=False)
    paytr: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def plan(self, key: str) -> Plan:
        """Return the declared plan; raises UnknownPlan, naming the ones there are."""
        found = self.plans.get(key)
        if found is None:
            raise UnknownPlan(
                f"there is no plan {key!r}; SUBS_PLANS declares {', '.join(sorted(self.plans)) or 'none'}"
            )
        return found

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
