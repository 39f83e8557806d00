"""What is owed for a period, and each attempt to collect it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base
from .types import BigId, ErrorText, Instant, key_text


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
    created_at: Mapped[datetime] = mapped_column(Instant)


class Payment(Base):
    """One attempt to collect one invoice; `reference` is the provider's or the team's own mark for it."""

    __tablename__ = "subs_payments"
    __table_args__ = (
        UniqueConstraint("idempotency_key"),
        UniqueConstraint("provider", "reference"),
        CheckConstraint(
            "status IN ('intent', 'sending', 'unknown', 'succeeded', 'failed', 'expired', 'needs_review')",
            name="status",
        ),
        Index(None, "invoice_id", "attempt"),
        Index(None, "status", "created_at"),
        Index(None, "account_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[str] = mapped_column(key_text(191))
    subscription_id: Mapped[int] = mapped_column(BigId)
    invoice_id: Mapped[int | None] = mapped_column(BigId)
    attempt: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(BigId)
    currency: Mapped[str] = mapped_column(String(3))
    provider: Mapped[str] = mapped_column(String(32))
    reference: Mapped[str | None] = mapped_column(key_text(191))
    idempotency_key: Mapped[str] = mapped_column(key_text(191))
    last_error: Mapped[str | None] = mapped_column(ErrorText)
    created_at: Mapped[datetime] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
