"""What the renderer is asked to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ...domain.contacts import Contact


@dataclass(frozen=True)
class Notice:
    """One email to be: which effect, what kind, to whom, about what.

    `at` is when it is first tried; wording such as "in 3 days" counts from it, so that a repeat says the same.
    `details` holds JSON values; its instants are ISO 8601 strings under the names in `INSTANTS`.
    """

    key: str
    kind: str
    account_id: str
    contact: Contact
    details: Mapping[str, object]
    at: datetime


# In an email of the host's own kind, days_left counts to the first of these that is there.
INSTANTS = ("trial_ends_at", "grace_ends_at", "period_end", "ended_at")
