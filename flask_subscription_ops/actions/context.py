"""What an action works with: the session, the settings, the instant, and who acts."""

from __future__ import annotations

from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ..runtime import Runtime
from ..settings import Settings

acting: ContextVar[str] = ContextVar("subscription_ops_acting", default="app")  # who the audit says acts


@dataclass
class Context:
    """Whose transaction, which instant, who acts; `queued` counts the effects that were new."""

    session: Session
    settings: Settings
    now: datetime
    actor: str = field(default_factory=acting.get)
    run_id: int | None = None
    has_workspaces: bool = True
    sender: Any = None  # whom signals name: the Flask app
    queued: Counter[str] = field(default_factory=Counter)
    rehearses: bool = False  # a dry run: `planned` says what was done and then rolled back
    planned: list[dict[str, Any]] = field(default_factory=list)


def context_of(runtime: Runtime, session: Session, *, now: datetime | None = None, **options: Any) -> Context:
    """Return the context for an action in `session`; `options` are the fields that are not the runtime's."""
    return Context(
        session=session,
        settings=runtime.settings,
        now=now or runtime.clock(),
        has_workspaces=runtime.has_workspaces,
        sender=runtime.app,
        **options,
    )
