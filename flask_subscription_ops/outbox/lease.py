"""Leases: whoever claims an effect owns it until the database's clock says otherwise.

The token is fresh for each claim. Every later write names it, so a worker that was away too long writes nothing.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ..database.dialects import database_now

RELEASED = {"lease_until": None, "lease_token": None, "lane_in_flight": None}  # the columns of what nobody holds


@dataclass(frozen=True)
class Lease:
    """`until` by the database's clock; `_ends` by this machine's, which goes on counting while it sleeps."""

    token: str
    until: datetime
    _ends: float

    def covers(self, seconds: float) -> bool:
        """Tell whether a call of so many seconds would end within the lease."""
        return _awake_or_asleep() + seconds < self._ends


def take_lease(session: Session, seconds: float) -> Lease:
    """Return a new lease of so many seconds from the database's now."""
    ends = _awake_or_asleep() + seconds
    return Lease(secrets.token_hex(16), database_now(session) + timedelta(seconds=seconds), ends)


def _awake_or_asleep() -> float:
    # CLOCK_BOOTTIME exists on Linux alone; elsewhere a suspended machine may trust a lease for too long.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
