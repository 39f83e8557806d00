"""Plans and policies: what is sold, and the numbers by which it is looked after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ..errors import InvalidInput
from .money import Money
from .periods import Interval, parse_interval

PLAN_KEYS = frozenset({"price", "currency", "interval", "trial_days", "limits", "policy"})
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
        found = [problem for f in fields(self) if (problem := _number_problem(f.name, getattr(self, f.name)))]
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
    price: Money
    interval: Interval
    policy: Policy
    limits: Mapping[str, int] = field(default_factory=dict)


def parse_plan(key: str, declared: object, defaults: Policy) -> Plan:
    """Read one entry of SUBS_PLANS; what it leaves out comes from the default policy."""
    entry = _plan_entry(key, declared)
    overrides = dict(entry.get("policy") or {})
    if "trial_days" in entry:
        overrides["trial_days"] = entry["trial_days"]
    limits = entry.get("limits") or {}
    if not isinstance(limits, Mapping):
        raise InvalidInput(f"limits must be a mapping such as {{'seats': 5}}, got {limits!r}")
    policy = _override(defaults, overrides)
    return Plan(
        key=key,
        price=Money(entry["price"], entry["currency"]),
        interval=parse_interval(entry["interval"]),
        policy=policy,
        limits=dict(limits),
    )


def _plan_entry(key: str, declared: object) -> dict[str, Any]:
    if not isinstance(key, str) or not 1 <= len(key) <= 64:
        raise InvalidInput("a plan's key is a string of 1 to 64 characters")
    if not isinstance(declared, Mapping):
        raise InvalidInput(f"it must be a mapping with {', '.join(REQUIRED_KEYS)}, got {declared!r}")
    unknown = sorted(set(declared) - PLAN_KEYS)
    missing = [name for name in REQUIRED_KEYS if name not in declared]
    if unknown or missing:
        raise InvalidInput(
            "; ".join([f"unknown key {name!r}" for name in unknown] + [f"{n} is missing" for n in missing])
        )
    return {str(name): value for name, value in declared.items()}


def _override(defaults: Policy, overrides: Mapping[str, Any]) -> Policy:
    known = {f.name for f in fields(Policy)}
    unknown = sorted(set(overrides) - known)
    if unknown:
        raise InvalidInput(f"policy has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
    values: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in overrides.items()}
    policy = replace(defaults, **values)
    if problems := policy.problems():
        raise InvalidInput("; ".join(problems))
    return policy


def _number_problem(name: str, value: object) -> str | None:
    numbers = value if isinstance(value, tuple) else (value,)
    lowest = 1 if isinstance(value, tuple) else 0
    if all(isinstance(n, int) and not isinstance(n, bool) and lowest <= n <= 3650 for n in numbers):
        return None
    return f"{name} must be whole numbers from {lowest} to 3650, got {value!r}"
