"""What a service is given: what cannot be kept is refused before anything is written."""

from __future__ import annotations

from datetime import timedelta

from ..domain.plans import Plan
from ..errors import InvalidInput
from ..outside.text import clean, require_text
from ..settings import Settings

KEY_LENGTHS = {"account_id": 191, "product": 64}
PLAN_LENGTH = 64
PAYMENT_METHOD_LENGTH = 255
ACTOR_LENGTH = 255


def text_key(value: object, name: str) -> str:
    """Return a key as it is stored; anything but a short, non-empty line raises InvalidInput."""
    key = require_text(value, name, longest=KEY_LENGTHS[name], remedy="pass str(company.id)")
    if key != key.strip():  # MariaDB takes "a" and "a " for the same key
        raise InvalidInput(f"{name} must not begin or end with a space: pass str(company.id)")
    return key


def declared_plan(settings: Settings, key: object) -> Plan:
    """Return the plan of SUBS_PLANS; raises UnknownPlan, or InvalidInput for what is no plan's key."""
    return settings.plan(require_text(key, "plan", longest=PLAN_LENGTH))


def payment_method_from(value: object) -> str | None:
    """Return the provider's reference to a payment method, which no error repeats."""
    if value is None:
        return None
    return require_text(value, "payment_method", longest=PAYMENT_METHOD_LENGTH, shortest=0)


def days_from(days: object) -> timedelta:
    """Return whole days, one to ten years of them."""
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= 3650:
        raise InvalidInput(f"days must be a whole number from 1 to 3650, got {clean(days, max_bytes=100)}")
    return timedelta(days=days)


def actor_name(value: object) -> str:
    """Return who acts as the audit keeps it; anything but a short, non-empty line raises InvalidInput."""
    return require_text(value, "an actor's name", longest=ACTOR_LENGTH)
