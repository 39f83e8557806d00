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
    RESUMED = "resumed"
    CANCELED = "canceled"
    CANCEL_SCHEDULED = "cancel_scheduled"
    CANCEL_WITHDRAWN = "cancel_withdrawn"
    TRIAL_EXTENDED = "trial_extended"


class Workspaces(str, Enum):
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
    workspaces: Workspaces | None = None


_CANCEL = Edge(Status.CANCELED, "canceled", Workspaces.STOP)
_COME_BACK = Edge(Status.ACTIVE, "recovered", Workspaces.START)

BEGINNINGS: Mapping[Cause, Edge] = {
    Cause.TRIAL_STARTED: Edge(Status.TRIALING, "trial_started"),
    Cause.SUBSCRIBED: Edge(Status.ACTIVE, "subscribed"),
}

TRANSITIONS: Mapping[tuple[Status, Cause], Edge] = {
    (Status.TRIALING, Cause.SUBSCRIBED): Edge(Status.ACTIVE, "subscribed"),
    (Status.TRIALING, Cause.PAID): Edge(Status.ACTIVE, "receipt"),
    (Status.TRIALING, Cause.TRIAL_ENDED): Edge(Status.EXPIRED, "trial_expired", Workspaces.STOP),
    (Status.TRIALING, Cause.CHARGE_FAILED): Edge(Status.GRACE, "payment_failed"),
    (Status.ACTIVE, Cause.PAID): Edge(Status.ACTIVE, "receipt"),
    (Status.ACTIVE, Cause.TERM_ENDED): Edge(Status.GRACE, "grace_started"),
    (Status.ACTIVE, Cause.PAUSED): Edge(Status.PAUSED, None, Workspaces.STOP),
    (Status.PAUSED, Cause.RESUMED): Edge(Status.ACTIVE, None, Workspaces.START),
    (Status.GRACE, Cause.PAID): Edge(Status.ACTIVE, "recovered"),
    (Status.GRACE, Cause.GRACE_ENDED): Edge(Status.SUSPENDED, "suspended", Workspaces.STOP),
    (Status.SUSPENDED, Cause.PAID): _COME_BACK,
    (Status.SUSPENDED, Cause.SUSPENSION_ENDED): Edge(Status.EXPIRED, "expired"),
    (Status.EXPIRED, Cause.PAID): _COME_BACK,
    **{(status, Cause.CANCELED): _CANCEL for status in Status if status is not Status.CANCELED},
}

AMENDMENTS: Mapping[Cause, frozenset[Status]] = {
    Cause.TRIAL_EXTENDED: frozenset({Status.TRIALING}),
    Cause.CANCEL_SCHEDULED: frozenset({Status.TRIALING, Status.ACTIVE}),
    Cause.CANCEL_WITHDRAWN: frozenset({Status.TRIALING, Status.ACTIVE}),
}


def edge(status: Status, cause: Cause, subject: str = "a subscription") -> Edge:
    """Return where `cause` leads from `status`; raises IllegalTransition where it leads nowhere."""
    if status in AMENDMENTS.get(cause, ()):
        return Edge(status)
    found = TRANSITIONS.get((status, cause))
    if found is None:
        allowed = sorted({s.value for s in AMENDMENTS.get(cause, ())} | {s.value for s, c in TRANSITIONS if c is cause})
        raise IllegalTransition(
            f"{subject} is {status.value}, so it cannot be changed by {cause.value};"
            f" that needs {' or '.join(allowed) or 'a new subscription'}"
        )
    return found
