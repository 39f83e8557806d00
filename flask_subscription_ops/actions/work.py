"""Under which circumstances an action works."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ..settings import Settings


@dataclass
class Work:
    """Whose transaction, which instant, who acts; `queued` counts the effects that were new."""

    session: Session
    settings: Settings
    now: datetime
    actor: str = "app"
    run_id: int | None = None
    has_workspaces: bool = True
    sender: Any = None  # whom signals name: the Flask app
    queued: Counter[str] = field(default_factory=Counter)
    rehearses: bool = False  # a dry run: `planned` says what was done and then rolled back
    planned: list[dict[str, Any]] = field(default_factory=list)
