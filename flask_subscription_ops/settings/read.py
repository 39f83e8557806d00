"""Read `app.config` once; every problem is reported at once, with its remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..domain.plans import parse_plan
from ..errors import ConfigurationError, InvalidInput
from .keys import KEYS, SECRETS, Settings, default_policy
from .values import Read

PREFIX = "SUBS_"
FAMILIES = ("yookassa", "paytr")


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
