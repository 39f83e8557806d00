"""Settings: read once from `app.config`, frozen, typed; every problem is reported at once, with its remedy."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .domain.contacts import Contact, zone_of
from .domain.plans import Plan, Policy, parse_plan
from .domain.reminders import Ladder
from .errors import ConfigurationError, InvalidInput, UnknownPlan

PREFIX = "SUBS_"
TRANSPORT_NAMES = ("memory", "file", "smtp", "mailjet")
PROVISIONER_NAMES = ("hooks", "memory", "http")

Read = Callable[[Any], Any]


def _whole(lowest: int, highest: int = 10**9) -> Read:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise InvalidInput(f"must be a whole number from {lowest} to {highest}, got {value!r}")
        return value

    return read


def _number(lowest: float, highest: float) -> Read:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not lowest <= value <= highest:
            raise InvalidInput(f"must be a number from {lowest} to {highest}, got {value!r}")
        return float(value)

    return read


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"must be a non-empty string, got {value!r}")
    return value.strip()


def _optional(read: Read) -> Read:
    return lambda value: None if value is None or value == "" else read(value)


def _secret(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidInput("must be a non-empty string")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(f"must be True or False, got {value!r}")
    return value


def _each(read: Read) -> Read:
    def read_all(value: Any) -> tuple[Any, ...]:
        return tuple(read(item) for item in ((value,) if isinstance(value, (str, int)) else value))

    return read_all


def _one_of(*names: str) -> Read:
    def read(value: Any) -> str:
        if value not in names:
            raise InvalidInput(f"must be one of {', '.join(names)}, got {value!r}")
        return str(value)

    return read


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"must be a mapping, got {value!r}")
    return dict(value)


def _zone(value: Any) -> str:
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        raise InvalidInput(f"is not a known time zone, got {value!r}: write one such as Europe/Berlin") from error


def _some(read: Read) -> Read:
    def read_some(value: Any) -> Any:
        values = _each(read)(value)
        if not values or len(set(values)) != len(values):
            raise InvalidInput(f"must name at least one, and none twice, got {value!r}")
        return values

    return read_some


def _as_given(value: Any) -> Any:
    return value


def setting(default: Any, read: Read, *, secret: bool = False) -> Any:
    """Declare one key: its default, how its value is read, and whether it may ever be shown."""
    return field(default=default, repr=not secret, metadata={"read": read, "secret": secret})


_days = _each(_whole(1, 3650))


@dataclass(frozen=True)
class Settings:
    """Every SUBS_ key under its lower-case name; docs/reference/settings.md tells what each one does."""

    plans: Mapping[str, Plan] = field(default_factory=dict)
    deployment: str = setting("default", _text)
    trial_days: int = setting(14, _whole(1, 3650))
    trial_reminder_days: tuple[int, ...] = setting((7, 3, 1), _days)
    renewal_reminder_days: tuple[int, ...] = setting((7, 3), _days)
    grace_days: int = setting(14, _whole(0, 3650))
    notice_days: int = setting(3, _whole(0, 3650))
    expire_suspended_days: int = setting(90, _whole(0, 3650))
    retry_hours: tuple[int, ...] = setting((24, 48, 96), _each(_whole(1, 3650)))
    pending_payment_days: int = setting(7, _whole(1, 3650))
    match_window_hours: int = setting(1, _whole(1, 8760))
    timezone: str = setting("UTC", _zone)
    send_hour: int = setting(9, _whole(0, 23))
    provider: str = setting("fake", _text)
    mail: tuple[str, ...] = setting(("smtp",), _some(_one_of(*TRANSPORT_NAMES)))
    mail_dir: str | None = setting(None, _optional(os.fspath))
    mail_sender: str | None = setting(None, _optional(_as_given))
    mail_context: Mapping[str, Any] = field(default_factory=dict, metadata={"read": _mapping})
    mail_timeout: float = setting(20.0, _number(0.1, 3600))
    mail_connections: int = setting(1, _whole(1, 64))
    mailjet_api_key: str | None = setting(None, _optional(_secret), secret=True)
    mailjet_api_secret: str | None = setting(None, _optional(_secret), secret=True)
    mailjet_api_base: str | None = setting(None, _optional(_text))
    workspaces: str = setting("hooks", _one_of(*PROVISIONER_NAMES))
    workspaces_url: str | None = setting(None, _optional(_text))
    workspaces_secrets: tuple[str, ...] = setting((), _each(_secret), secret=True)
    hook_timeout: float = setting(30.0, _number(0.1, 3600))
    provider_timeout: float = setting(20.0, _number(0.1, 3600))
    admin_emails: tuple[str, ...] = setting((), _each(_text))
    email_failure_rate: float = setting(0.05, _number(0, 1))
    batch_size: int = setting(1000, _whole(1, 1000))
    lease_seconds: float = setting(120.0, _number(1, 86_400))
    max_attempts: int = setting(8, _whole(1, 1000))
    brake_min: int = setting(20, _whole(0))
    brake_share: float = setting(0.05, _number(0, 1))
    emails_off: tuple[str, ...] = setting((), _each(_text))
    emails_at_most_once: tuple[str, ...] = setting((), _each(_text))
    retention_days: int = setting(90, _whole(1, 36_500))
    backup_dir: str | None = setting(None, _optional(os.fspath))
    backup_keep: int = setting(14, _whole(1))
    trigger_tokens: tuple[str, ...] = setting((), _each(_secret), secret=True)
    admin_guard: Any = setting(None, _as_given)
    access_denied: str | None = setting(None, _optional(_text))
    metrics_file: str | None = setting(None, _optional(os.fspath))
    log_json: bool = setting(False, _flag)
    allow_time_travel: bool = setting(False, _flag)
    cli_group: str = setting("subs", _text)
    bind_key: str | None = setting(None, _optional(_text))
    stripe_secret_key: str | None = setting(None, _optional(_secret), secret=True)
    stripe_webhook_secrets: tuple[str, ...] = setting((), _each(_secret), secret=True)
    stripe_api_base: str | None = setting(None, _optional(_text))
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


FAMILIES = ("yookassa", "paytr")
KEYS = {f.name: f for f in fields(Settings) if "read" in f.metadata}
SECRETS = frozenset(name for name, f in KEYS.items() if f.metadata.get("secret"))


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Read every SUBS_ key of `config`; raises ConfigurationError with all problems, each naming its key."""
    reading = _Reading({key[len(PREFIX) :]: value for key, value in config.items() if key.startswith(PREFIX)})
    settings = reading.settings()
    if reading.problems:
        raise ConfigurationError(reading.problems)
    return settings


class _Reading:
    """One pass over the configuration that collects problems instead of stopping at the first."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given
        self.problems: list[str] = []
        self.values: dict[str, Any] = {}

    def settings(self) -> Settings:
        for key, value in self.given.items():
            self._read(key, value)
        settings = Settings(**self.values)
        self._read_plans(settings)
        self.problems += _contradictions(settings)
        return Settings(**self.values)

    def _read(self, key: str, value: Any) -> None:
        name = key.lower()
        family = next((f for f in FAMILIES if name.startswith(f"{f}_")), None)
        if key == "PLANS":
            return
        if family:
            self.values.setdefault(family, {})[name[len(family) + 1 :]] = value
        elif key.endswith("_FILE") and name.removesuffix("_file") in SECRETS:
            self._take(key.removesuffix("_FILE"), lambda: self._secret_file(key, value))
        elif key.isupper() and name in KEYS:
            self._take(key, lambda: value)
        else:
            self.problems.append(_unknown_key(key))

    def _take(self, key: str, value: Callable[[], Any]) -> None:
        name = key.lower()
        read: Read = KEYS[name].metadata["read"]
        try:
            self.values[name] = read(value())
        except (InvalidInput, TypeError) as error:
            shown = f"is of the wrong type: {error}" if isinstance(error, TypeError) else str(error)
            self.problems.append(f"{PREFIX}{key} {shown}")

    def _secret_file(self, key: str, path: Any) -> str | list[str]:
        name = key.removesuffix("_FILE")
        if name in self.given:
            raise InvalidInput(f"is given twice, also as {PREFIX}{key}: remove one of them")
        try:
            lines = Path(path).read_text("utf-8").strip().splitlines()
        except (OSError, TypeError, UnicodeDecodeError) as error:
            raise InvalidInput(f"cannot be read from {PREFIX}{key} {path!r}: {error}") from None
        if not lines:
            raise InvalidInput(f"cannot be read from {PREFIX}{key} {path!r}: the file is empty")
        return lines if KEYS[name.lower()].default == () else lines[0]

    def _read_plans(self, settings: Settings) -> None:
        declared, plans = self.given.get("PLANS", {}), {}
        if not isinstance(declared, Mapping):
            self.problems.append(f"{PREFIX}PLANS must be a mapping of plan keys, got {declared!r}")
            return
        for key, entry in declared.items():
            try:
                plans[key] = parse_plan(key, entry, default_policy(settings))
            except (InvalidInput, TypeError) as error:
                self.problems.append(f"{PREFIX}PLANS[{key!r}]: {error}")
        self.values["plans"] = plans


def _unknown_key(key: str) -> str:
    known = [PREFIX + name.upper() for name in ("plans", *KEYS)]
    nearest = get_close_matches(PREFIX + key.upper(), known, n=1, cutoff=0)
    return f"{PREFIX}{key} is not a setting; the nearest one is {nearest[0]}"


def _contradictions(settings: Settings) -> list[str]:
    unnamed = default_policy(settings).problems()
    found = [re.sub("(notice|grace)_days", lambda name: PREFIX + name[0].upper(), problem) for problem in unnamed]
    for name in ("mail_timeout", "hook_timeout", "provider_timeout"):
        if getattr(settings, name) >= settings.lease_seconds / 2:
            found.append(
                f"SUBS_{name.upper()} {getattr(settings, name):g} s must be below half of SUBS_LEASE_SECONDS"
                f" {settings.lease_seconds:g} s: raise the lease or lower the timeout"
            )
    if "file" in settings.mail and settings.mail_dir is None:
        found.append("SUBS_MAIL names file, which needs SUBS_MAIL_DIR, the folder for the .eml files")
    if "mailjet" in settings.mail and not (settings.mailjet_api_key and settings.mailjet_api_secret):
        found.append("SUBS_MAIL names mailjet, which needs SUBS_MAILJET_API_KEY and SUBS_MAILJET_API_SECRET")
    if settings.workspaces == "http" and not (settings.workspaces_url and settings.workspaces_secrets):
        found.append("SUBS_WORKSPACES is http, which needs SUBS_WORKSPACES_URL and SUBS_WORKSPACES_SECRETS")
    return found
