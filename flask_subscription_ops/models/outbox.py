"""Effects: things to do outside the database, written with the change that caused them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, Index, String, UniqueConstraint, literal_column, or_
from sqlalchemy.orm import Mapped, mapped_column

from ..domain.retry import OPEN, EffectState
from .base import Base, index_of_some
from .types import BigId, ErrorText, Instant, Json, key_text

IS_OPEN = " OR ".join(f"state = '{state.value}'" for state in OPEN)


class OutboxMessage(Base):
    """One effect; `effect_key` is made of business facts alone, so the same effect cannot be queued twice."""

    __tablename__ = "subs_outbox"
    __table_args__ = (
        UniqueConstraint("effect_key"),
        UniqueConstraint("lane_in_flight"),
        CheckConstraint("state IN ({})".format(", ".join(f"'{s.value}'" for s in EffectState)), name="state"),
        index_of_some(IS_OPEN, "state", "channel", "due_at", "id"),
        index_of_some(f"state = '{EffectState.SENDING.value}'", "state", "lease_until", "id"),
        index_of_some("lane IS NOT NULL", "lane"),
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

    @classmethod
    def being(cls, *states: EffectState) -> ColumnElement[bool]:
        """Return the condition of standing in one of these states, in the words in which the indexes name them.

        A planner that is given parameters or a list instead may not see that such an index has all of the rows.
        """
        return or_(
            *(cls.state == literal_column(f"'{state.value}'", String) for state in EffectState if state in states)
        )

    @property
    def about(self) -> str:
        """What reports call its subject; a row older than that column is about its subscription."""
        return self.subject or f"sub-{self.subscription_id}"
