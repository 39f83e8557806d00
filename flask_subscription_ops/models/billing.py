"""What is owed for a period, and each attempt to collect it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base
from .types import BigId, ErrorText, Instant, key_text

PAYMENT_STATUSES = (
    "intent",
    "sending",
    "unknown",
    "pending",
    "action_required",
    "succeeded",
    "failed",
    "expired",
    "needs_review",
    "refunded",
    "disputed",
)


class Invoice(Base):
    """What one account owes for one period of one subscription."""

    __tablename__ = "subs_invoices"
    __table_args__ = (
        UniqueConstraint("subscription_id", "period_start"),
        CheckConstraint("status IN ('open', 'paid', 'void')", name="status"),
        Index(None, "account_id"),
        Index(None, "status", "due_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[str] = mapped_column(key_text(191))
    subscription_id: Mapped[int] = mapped_column(BigId)
    status: Mapped[str] = mapped_column(String(16), default="open")
    amount: Mapped[int] = mapped_column(BigId)
    currency: Mapped[str] = mapped_column(String(3))
    period_start: Mapped[datetime] = mapped_column(Instant)
    period_end: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    paid_at: Mapped[datetime | None] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    next_attempt_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)


class Payment(Base):
    """One attempt to collect one invoice; `reference` is the provider's or the team's own mark for it."""

    __tablename__ = "subs_payments"
    __table_args__ = (
        UniqueConstraint("key"),
        UniqueConstraint("provider", "reference"),
        CheckConstraint(
            "status IN ({})".format(", ".join(f"'{status}'" for status in PAYMENT_STATUSES)), name="status"
        ),
        Index(None, "invoice_id", "attempt"),
        Index(None, "status", "created_at"),
        Index(None, "account_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(key_text(191))
    account_id: Mapped[str] = mapped_column(key_text(191))
    subscription_id: Mapped[int | None] = mapped_column(BigId)
    invoice_id: Mapped[int | None] = mapped_column(BigId)
    attempt: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(BigId)
    currency: Mapped[str] = mapped_column(String(3))
    provider: Mapped[str] = mapped_column(String(32))
    reference: Mapped[str | None] = mapped_column(key_text(191))
    decline_code: Mapped[str | None] = mapped_column(String(64))
    action_url: Mapped[str | None] = mapped_column(Text)
    last_error: Mapped[str | None] = mapped_column(ErrorText)
    created_at: Mapped[datetime] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
