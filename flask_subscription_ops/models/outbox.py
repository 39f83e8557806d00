"""Effects: things to do outside the database, written with the change that caused them."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base
from .types import BigId, ErrorText, Instant, Json, key_text


class EffectState(str, Enum):
    """Where an effect stands."""

    PENDING = "pending"
    SENDING = "sending"  # claimed under a lease
    DONE = "done"
    DEAD = "dead"  # refused, or tried too often: a human decides
    HELD = "held"  # outcome unknown, and its kind may go at most once
    SUPERSEDED = "superseded"  # its reason was gone when its turn came
    NO_RECIPIENT = "no_recipient"


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
    account_id: Mapped[str] = mapped_column(key_text(191))
    subscription_id: Mapped[int] = mapped_column(BigId)
    product: Mapped[str] = mapped_column(key_text(64))
    details: Mapped[Any] = mapped_column(Json)
    lane: Mapped[str | None] = mapped_column(key_text(191))  # effects of one lane never run side by side
    lane_in_flight: Mapped[str | None] = mapped_column(key_text(191))
    state: Mapped[str] = mapped_column(String(16), default=EffectState.PENDING.value)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(Instant)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    lease_token: Mapped[str | None] = mapped_column(String(32))  # fresh for each claim: the fence of every later write
    first_tried_at: Mapped[datetime | None] = mapped_column(Instant)
    marked_at: Mapped[datetime | None] = mapped_column(Instant)  # from here on it may have happened
    last_error: Mapped[str | None] = mapped_column(ErrorText)
    created_at: Mapped[datetime] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)
