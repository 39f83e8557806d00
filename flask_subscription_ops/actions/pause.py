"""Pause an active subscription, and go on."""

from __future__ import annotations

from ..domain.states import Cause
from ..models import Subscription
from .change import Change, apply, lock
from .work import Work


def pause(work: Work, subscription: Subscription) -> None:
    """Stop access and workspaces by wish; only an active subscription can be paused."""
    apply(work, [Change(lock(work, subscription), Cause.PAUSED)])


def unpause(work: Work, subscription: Subscription) -> None:
    """Give access and workspaces back."""
    apply(work, [Change(lock(work, subscription), Cause.RESUMED)])
