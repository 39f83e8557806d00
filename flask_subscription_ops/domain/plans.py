"""Plans and policies: what is sold, and the numbers by which it is looked after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ..errors import InvalidInput
from .money import Money
from .periods import Interval, parse_interval

PLAN_KEYS = frozenset({"name", "price", "currency", "interval", "trial_days", "limits", "policy"})
KEY_LENGTH, NAME_LENGTH = 64, 80  # characters
WAITS = "retry_hours"  # one wait after the other, so that each may be as long as the one before it
REQUIRED_KEYS = ("price", "currency", "interval")


@dataclass(frozen=True)
class Policy:
    """The numbers of one plan; days and hours are whole and not negative."""

    trial_days: int = 14
    trial_reminder_days: tuple[int, ...] = (7, 3, 1)
    renewal_reminder_days: tuple[int, ...] = (7, 3)
    grace_days: int = 14
    notice_days: int = 3
    expire_suspended_days: int = 90
    retry_hours: tuple[int, ...] = (24, 48, 96)

    def problems(self) -> list[str]:
        """Name what contradicts itself, each with its remedy."""
        values = [(f.name, getattr(self, f.name), f.default) for f in fields(self)]
        found = [problem for value in values if (problem := _number_problem(*value))]
        if not found and self.notice_days > self.grace_days:
            found.append(
                f"notice_days {self.notice_days} is longer than grace_days {self.grace_days}: nobody could ever be"
                " suspended on the planned day; lower notice_days or raise grace_days"
            )
        return found


@dataclass(frozen=True)
class Plan:
    """One offer of SUBS_PLANS."""

    key: str
    name: str  # what people read
    price: Money
    interval: Interval
    policy: Policy
    limits: Mapping[str, int] = field(default_factory=dict)


def parse_plan(key: str, declared: object, defaults: Policy) -> Plan:
    """Read one entry of SUBS_PLANS; what it leaves out comes from the default policy."""
    entry = _plan_entry(key, declared)
    overrides = entry.get("policy") or {}
    if not isinstance(overrides, Mapping):
        raise InvalidInput(f"policy must be a mapping such as {{'grace_days': 7}}, got {overrides!r}")
    limits = entry.get("limits") or {}
    if not isinstance(limits, Mapping):
        raise InvalidInput(f"limits must be a mapping such as {{'seats': 5}}, got {limits!r}")
    trial = {"trial_days": entry["trial_days"]} if "trial_days" in entry else {}
    policy = _override(defaults, {**overrides, **trial})
    return Plan(
        key=key,
        name=_name(entry.get("name", key)),
        price=Money(entry["price"], entry["currency"]),
        interval=parse_interval(entry["interval"]),
        policy=policy,
        limits=dict(limits),
    )


def _plan_entry(key: str, declared: object) -> dict[str, Any]:
    if not _is_line(key, KEY_LENGTH):
        raise InvalidInput(f"a plan's key is one line of 1 to {KEY_LENGTH} characters, without white space around it")
    if not isinstance(declared, Mapping):
        raise InvalidInput(f"it must be a mapping with {', '.join(REQUIRED_KEYS)}, got {declared!r}")
    unknown = sorted(set(declared) - PLAN_KEYS, key=str)
    missing = [name for name in REQUIRED_KEYS if name not in declared]
    if unknown or missing:
        raise InvalidInput(
            "; ".join([f"unknown key {name!r}" for name in unknown] + [f"{n} is missing" for n in missing])
        )
    return {str(name): value for name, value in declared.items()}


def _name(name: object) -> str:
    if not _is_line(name, NAME_LENGTH):
        raise InvalidInput(f"name must be one line of 1 to {NAME_LENGTH} characters, without white space around it")
    return str(name)


def _is_line(text: object, longest: int) -> bool:
    return isinstance(text, str) and 1 <= len(text) <= longest and text.isprintable() and text == text.strip()


def _override(defaults: Policy, overrides: Mapping[str, Any]) -> Policy:
    known = {f.name for f in fields(Policy)}
    unknown = sorted(str(name) for name in set(overrides) - known)
    if unknown:
        raise InvalidInput(f"policy has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
    values: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in overrides.items()}
    policy = replace(defaults, **values)
    known_already = defaults.problems()
    if problems := [problem for problem in policy.problems() if problem not in known_already]:
        raise InvalidInput("; ".join(problems))
    return policy


def _number_problem(name: str, value: object, default: object) -> str | None:
    if isinstance(default, tuple):
        if not isinstance(value, tuple) or not all(_is_whole(number, 1) for number in value):
            return f"{name} must be a list of whole numbers from 1 to 3650, got {value!r}"
        repeats = name != WAITS and len(set(value)) != len(value)
        return f"{name} must name no number twice, got {value!r}" if repeats else None
    return None if _is_whole(value, 0) else f"{name} must be a whole number from 0 to 3650, got {value!r}"


def _is_whole(value: object, lowest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= 3650
