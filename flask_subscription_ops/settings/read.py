"""Read `app.config` once; every problem is reported at once, with its remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from ..domain.plans import parse_plan
from ..errors import ConfigurationError, InvalidInput
from ..outside.adapters import Adapter, problems_of_chosen
from ..outside.text import one_line
from .keys import KEYS, SECRETS, Settings, default_policy
from .secrets import read_file
from .values import Read, shown

PREFIX = "SUBS_"
LONGEST_KEY = 80

Rooms = Mapping[str, Mapping[str, Adapter]]


def read_settings(config: Mapping[str, Any], rooms: Rooms | None = None) -> Settings:
    """Read every SUBS_ key of `config`, and ask the adapters that it chooses whether they can work.

    `rooms` holds the adapters there are, by the setting that chooses among them. Raises ConfigurationError with all
    problems, each naming its key.
    """
    reading = _Reading(config)
    settings = reading.settings(rooms or {})
    if reading.problems:
        raise ConfigurationError(reading.problems)
    return settings


class _Reading:
    """One pass over the configuration that collects problems instead of stopping at the first."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        ours = {key: value for key, value in config.items() if isinstance(key, str) and key.startswith(PREFIX)}
        self.config = config
        self.given = {key.removeprefix(PREFIX): value for key, value in ours.items()}
        self.problems: list[str] = []
        self.refused: set[str] = set()
        self.values: dict[str, Any] = {}

    def settings(self, rooms: Rooms) -> Settings:
        for key, value in self.given.items():
            self._read(key, value)
        settings = Settings(**self.values)
        self._read_plans(settings)
        self.problems += _contradictions(settings)
        for room, adapters in rooms.items():
            if room not in self.refused:
                self.problems += problems_of_chosen(room, adapters, settings, self.config, self.refused)
        return Settings(**self.values)

    def _read(self, key: str, value: Any) -> None:
        name = key.removesuffix("_FILE").lower()
        if key == "PLANS":
            return
        if key.isupper() and key.lower() in KEYS:
            self._take(key, key.lower(), lambda: value)
        elif key.isupper() and name in SECRETS:
            self._take(key, name, lambda: self._secret_file(name, value))
        else:
            self.problems.append(_unknown_key(key))

    def _take(self, key: str, name: str, value: Callable[[], Any]) -> None:
        read: Read = KEYS[name].metadata["read"]
        try:
            self.values[name] = read(value())
        except InvalidInput as error:
            self._refuse(key, name, str(error))
        except Exception as error:  # a host's own object may fail in any way
            self._refuse(key, name, f"cannot be read: {type(error).__name__}")

    def _refuse(self, key: str, name: str, why: str) -> None:
        self.problems.append(f"{PREFIX}{key} {why}")
        self.refused.add(name)

    def _secret_file(self, name: str, path: Any) -> str | list[str]:
        if name.upper() in self.given:
            raise InvalidInput(f"is given beside {PREFIX}{name.upper()}: remove one of them")
        return read_file(path, several=KEYS[name].default == ())

    def _read_plans(self, settings: Settings) -> None:
        declared, plans = self.given.get("PLANS", {}), {}
        if not isinstance(declared, Mapping):
            self.problems.append(f"{PREFIX}PLANS must be a mapping of plan keys, got {shown(declared)}")
            return
        for key, entry in declared.items():
            try:
                plans[key] = parse_plan(key, entry, default_policy(settings))
            except InvalidInput as error:
                self.problems.append(f"{PREFIX}PLANS[{shown(key)}]: {error}")
            except Exception as error:  # a host's own object may fail in any way
                self.problems.append(f"{PREFIX}PLANS[{shown(key)}] cannot be read: {type(error).__name__}")
        self.values["plans"] = plans


def _unknown_key(key: str) -> str:
    given = one_line(PREFIX + key, LONGEST_KEY)
    known = [PREFIX + name.upper() for name in ("plans", *KEYS, *(f"{secret}_file" for secret in sorted(SECRETS)))]
    nearest = get_close_matches(given.upper(), known, n=1, cutoff=0)
    return f"{given} is not a setting; the nearest one is {nearest[0]}"


def _contradictions(settings: Settings) -> list[str]:
    unnamed = default_policy(settings).problems()
    found = [re.sub("(notice|grace)_days", lambda name: PREFIX + name[0].upper(), problem) for problem in unnamed]
    for name in ("mail_timeout", "hook_timeout", "provider_timeout"):
        if getattr(settings, name) >= settings.lease_seconds / 2:
            found.append(
                f"SUBS_{name.upper()} {getattr(settings, name):g} s must be below half of SUBS_LEASE_SECONDS"
                f" {settings.lease_seconds:g} s: raise the lease or lower the timeout"
            )
    return found
