"""Runs of jobs: one row each, written when it starts and completed when it ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base
from .types import BigId, Instant, Json, key_text


class JobRun(Base):
    """One run of one job; without `finished_at` it is under way, or was killed."""

    __tablename__ = "subs_job_runs"
    __table_args__ = (Index(None, "job", "started_at"), Index(None, "confirm"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    job: Mapped[str] = mapped_column(String(32))
    started_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    as_of: Mapped[datetime] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(String(16))
    examined: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    report: Mapped[Any] = mapped_column(Json)
    confirm: Mapped[str | None] = mapped_column(key_text(16))  # the token that lets a stopped run go on, once
    due: Mapped[int | None]  # how many changes the brake stopped
