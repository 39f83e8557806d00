"""Events that providers sent: stored first, understood later."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base
from .types import BigId, ErrorText, Instant, Json, key_text


class WebhookEvent(Base):
    """One event of one provider; its id is unique there, so a repeat is recognised."""

    __tablename__ = "subs_webhook_events"
    __table_args__ = (
        UniqueConstraint("provider", "event_id"),
        CheckConstraint("state IN ('received', 'applied', 'ignored', 'failed')", name="state"),
        Index(None, "state", "received_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    provider: Mapped[str] = mapped_column(String(32))
    event_id: Mapped[str] = mapped_column(key_text(191))
    kind: Mapped[str] = mapped_column(String(64))
    payload: Mapped[Any] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(16), default="received")
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(ErrorText)
    received_at: Mapped[datetime] = mapped_column(Instant)
    handled_at: Mapped[datetime | None] = mapped_column(Instant)
