"""The life of a subscription as one table: every edge names its cause and the effects it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ..errors import IllegalTransition


class Status(str, Enum):
    """Where a subscription stands."""

    TRIALING = "trialing"
    ACTIVE = "active"
    GRACE = "grace"  # unpaid, access goes on until grace_ends_at
    SUSPENDED = "suspended"  # unpaid, workspaces stopped
    PAUSED = "paused"  # by wish, workspaces stopped
    EXPIRED = "expired"  # over; a payment brings it back
    CANCELED = "canceled"  # over for good


class Cause(str, Enum):
    """Why a subscription changed."""

    TRIAL_STARTED = "trial_started"
    SUBSCRIBED = "subscribed"
    MOVED_IN = "moved_in"
    PAID = "paid"
    TRIAL_ENDED = "trial_ended"
    CHARGE_FAILED = "charge_failed"
    TERM_ENDED = "term_ended"
    GRACE_ENDED = "grace_ended"
    SUSPENSION_ENDED = "suspension_ended"
    PAUSED = "paused"
    UNPAUSED = "unpaused"
    CANCELED = "canceled"
    CANCEL_SCHEDULED = "cancel_scheduled"
    CANCEL_WITHDRAWN = "cancel_withdrawn"
    TRIAL_EXTENDED = "trial_extended"


class WorkspaceWish(str, Enum):
    """What a change wants of the account's workspaces; the value is the effect's kind."""

    STOP = "suspend_workspaces"
    START = "resume_workspaces"


WITH_ACCESS = frozenset({Status.TRIALING, Status.ACTIVE, Status.GRACE})
ENDED = frozenset({Status.EXPIRED, Status.CANCELED})
LIVE = frozenset(Status) - ENDED


@dataclass(frozen=True)
class Edge:
    """Where a cause leads, which email says so, and what happens to workspaces."""

    to: Status
    email: str | None = None
    workspaces: WorkspaceWish | None = None


def _stay(*statuses: Status, cause: Cause) -> Mapping[tuple[Status | None, Cause], Edge]:
    return {(status, cause): Edge(status) for status in statuses}


_STOP, _START = WorkspaceWish.STOP, WorkspaceWish.START
_COME_BACK = Edge(Status.ACTIVE, "recovered", _START)

# From None leads what begins; an edge to the same status changes something else.
EDGES: Mapping[tuple[Status | None, Cause], Edge] = {
    (None, Cause.TRIAL_STARTED): Edge(Status.TRIALING, "trial_started"),
    (None, Cause.SUBSCRIBED): Edge(Status.ACTIVE, "subscribed"),
    (Status.TRIALING, Cause.SUBSCRIBED): Edge(Status.ACTIVE, "subscribed"),
    (Status.TRIALING, Cause.PAID): Edge(Status.ACTIVE, "receipt"),
    (Status.TRIALING, Cause.TRIAL_ENDED): Edge(Status.EXPIRED, "trial_expired", _STOP),
    (Status.TRIALING, Cause.CHARGE_FAILED): Edge(Status.GRACE, "payment_failed"),
    (Status.ACTIVE, Cause.PAID): Edge(Status.ACTIVE, "receipt"),
    (Status.ACTIVE, Cause.TERM_ENDED): Edge(Status.GRACE, "grace_started"),
    (Status.ACTIVE, Cause.PAUSED): Edge(Status.PAUSED, None, _STOP),
    (Status.PAUSED, Cause.UNPAUSED): Edge(Status.ACTIVE, None, _START),
    (Status.GRACE, Cause.PAID): Edge(Status.ACTIVE, "recovered"),
    (Status.GRACE, Cause.GRACE_ENDED): Edge(Status.SUSPENDED, "suspended", _STOP),
    (Status.SUSPENDED, Cause.PAID): _COME_BACK,
    (Status.SUSPENDED, Cause.SUSPENSION_ENDED): Edge(Status.EXPIRED, "expired"),
    (Status.EXPIRED, Cause.PAID): _COME_BACK,
    **{(s, Cause.CANCELED): Edge(Status.CANCELED, "canceled", _STOP) for s in Status if s is not Status.CANCELED},
    **_stay(Status.TRIALING, cause=Cause.TRIAL_EXTENDED),
    **_stay(Status.TRIALING, Status.ACTIVE, cause=Cause.CANCEL_SCHEDULED),
    **_stay(Status.TRIALING, Status.ACTIVE, cause=Cause.CANCEL_WITHDRAWN),
}


def edge(status: Status | None, cause: Cause, subject: str = "a subscription") -> Edge:
    """Return where `cause` leads from `status`; raises IllegalTransition where it leads nowhere."""
    found = EDGES.get((status, cause))
    if found is None:
        allowed = sorted(s.value for s, c in EDGES if c is cause and s is not None)
        raise IllegalTransition(
            f"{subject} is {status.value if status else 'new'}, so it cannot be changed by {cause.value};"
            f" that needs {' or '.join(allowed) or 'a new subscription'}"
        )
    return found
