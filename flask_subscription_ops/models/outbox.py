"""Effects: things to do outside the database, written with the change that caused them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..domain.retry import EffectState
from .base import Base
from .types import BigId, ErrorText, Instant, Json, key_text


class OutboxMessage(Base):
    """One effect; `effect_key` is made of business facts alone, so the same effect cannot be queued twice."""

    __tablename__ = "subs_outbox"
    __table_args__ = (
        UniqueConstraint("effect_key"),
        UniqueConstraint("lane_in_flight"),
        CheckConstraint("state IN ({})".format(", ".join(f"'{s.value}'" for s in EffectState)), name="state"),
        Index(None, "channel", "state", "due_at", "id"),
        Index(None, "state", "lease_until"),
        Index(None, "lane", "state"),
        Index(None, "account_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    effect_key: Mapped[str] = mapped_column(key_text(191))
    channel: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str | None] = mapped_column(key_text(191))  # sub-42, inv-7, health; NULL in rows older than it
    account_id: Mapped[str | None] = mapped_column(key_text(191))
    subscription_id: Mapped[int | None] = mapped_column(BigId)
    product: Mapped[str | None] = mapped_column(key_text(64))
    details: Mapped[Any] = mapped_column(Json)
    lane: Mapped[str | None] = mapped_column(key_text(191))  # effects of one lane never run side by side
    lane_in_flight: Mapped[str | None] = mapped_column(key_text(191))
    state: Mapped[str] = mapped_column(String(16), default=EffectState.PENDING.value)
    attempts: Mapped[int] = mapped_column(default=0)  # claims count, those given back untried do not
    alone: Mapped[bool] = mapped_column(default=False, server_default="0")  # held by a worker that died: see claim
    due_at: Mapped[datetime] = mapped_column(Instant)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    lease_token: Mapped[str | None] = mapped_column(String(32))  # fresh for each claim: the fence of every later write
    first_tried_at: Mapped[datetime | None] = mapped_column(Instant)
    marked_at: Mapped[datetime | None] = mapped_column(Instant)  # from here on it may have happened
    last_error: Mapped[str | None] = mapped_column(ErrorText)
    created_at: Mapped[datetime] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)

    @property
    def about(self) -> str:
        """What reports call its subject; a row older than that column is about its subscription."""
        return self.subject or f"sub-{self.subscription_id}"
