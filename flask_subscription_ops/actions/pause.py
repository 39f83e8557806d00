"""Pause an active subscription, and go on."""

from __future__ import annotations

from ..domain.states import Cause
from ..models import Subscription
from .change import Change, apply
from .context import Context
from .row import lock


def pause(context: Context, subscription: Subscription) -> None:
    """Stop access and workspaces by wish; only an active subscription can be paused."""
    apply(context, [Change(lock(context, subscription), Cause.PAUSED, {"paused_at": context.now})])


def unpause(context: Context, subscription: Subscription) -> None:
    """Give access and workspaces back."""
    apply(context, [Change(lock(context, subscription), Cause.UNPAUSED, {"paused_at": None})])
