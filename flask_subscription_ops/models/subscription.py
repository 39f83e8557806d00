"""One account's right to one product."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ColumnElement, Index, String, UniqueConstraint, and_, or_
from sqlalchemy.orm import Mapped, mapped_column, validates

from ..domain.clock import UTC, Clock, as_instant, system_clock
from ..domain.reminders import days_between
from ..domain.states import LIVE, WITH_ACCESS, Status
from ..errors import InvalidInput
from ..outside.text import clean, require_text
from .base import Base
from .types import BigId, Instant, key_text

LOOK_NOW = datetime(1970, 1, 1, tzinfo=timezone.utc)  # its reminders are not planned yet
ENDS = ("trial_ends_at", "period_end")  # what reminders count down to
TEXTS = (
    "account_id",
    "product",
    "plan",
    "next_plan",
    "currency",
    "interval",
    "payment_method",
    "provider",
    "provider_customer_id",
    "provider_subscription_id",
)
INSTANTS = (*ENDS, "anchor", "period_start", "grace_ends_at", "suspended_at", "ended_at", "paused_at", "paused_until")
END_IN = {Status.TRIALING: "trial_ends_at", Status.ACTIVE: "period_end", Status.GRACE: "grace_ends_at"}
COLLECTORS = ("local", "manual", "provider")
ENDED_SQL = "status IN ('expired', 'canceled')"


def _values(*names: str) -> str:
    return ", ".join(f"'{name}'" for name in names)


class Subscription(Base):
    """A subscription with its plan's price as it was agreed; its account is known by key alone."""

    __tablename__ = "subs_subscriptions"
    __table_args__ = (
        UniqueConstraint("account_id", "product", "live"),
        CheckConstraint(f"status IN ({_values(*[s.value for s in Status])})", name="status"),
        CheckConstraint(f"collected_by IN ({_values(*COLLECTORS)})", name="collected_by"),
        CheckConstraint(f"({ENDED_SQL} AND live IS NULL) OR (NOT {ENDED_SQL} AND live IS NOT NULL)", name="live"),
        Index(None, "status", "trial_ends_at", "id"),
        Index(None, "status", "reminder_due_at", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[str] = mapped_column(key_text(191))
    product: Mapped[str] = mapped_column(key_text(64), default="default")
    plan: Mapped[str] = mapped_column(key_text(64))
    status: Mapped[str] = mapped_column(String(16))
    live: Mapped[bool | None]  # NULL once it has ended: several ended ones may stand beside one live one
    amount: Mapped[int] = mapped_column(BigId)
    currency: Mapped[str] = mapped_column(String(3))
    interval: Mapped[str] = mapped_column(String(8))
    interval_count: Mapped[int]
    anchor: Mapped[datetime] = mapped_column(Instant)
    trial_ends_at: Mapped[datetime | None] = mapped_column(Instant)
    period_start: Mapped[datetime | None] = mapped_column(Instant)
    period_end: Mapped[datetime | None] = mapped_column(Instant)
    grace_ends_at: Mapped[datetime | None] = mapped_column(Instant)
    suspended_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    cancel_at_period_end: Mapped[bool] = mapped_column(default=False)
    paused_at: Mapped[datetime | None] = mapped_column(Instant)
    paused_until: Mapped[datetime | None] = mapped_column(Instant)
    next_plan: Mapped[str | None] = mapped_column(key_text(64))
    collected_by: Mapped[str] = mapped_column(String(16), default="manual")
    payment_method: Mapped[str | None] = mapped_column(String(255))
    provider: Mapped[str | None] = mapped_column(String(32))
    provider_customer_id: Mapped[str | None] = mapped_column(key_text(191))
    provider_subscription_id: Mapped[str | None] = mapped_column(key_text(191))
    usage_count: Mapped[int | None]
    usage_limit: Mapped[int | None]
    reminder_due_at: Mapped[datetime | None] = mapped_column(Instant, default=LOOK_NOW)
    version: Mapped[int] = mapped_column(default=1)
    audit_hash: Mapped[str | None] = mapped_column(String(64))  # of its latest audit entry
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)

    clock: ClassVar[Clock] = staticmethod(system_clock)  # where an app is current, its own, in its zone

    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}

    @validates("status")
    def _keep_live_in_step(self, key: str, status: str) -> str:
        known = [s.value for s in Status]
        if status not in known:
            raise InvalidInput(f"status must be one of {', '.join(known)}, got {clean(status, max_bytes=100)!r}")
        value = Status(status)
        self.live = True if value in LIVE else None
        return value.value

    @validates("collected_by")
    def _take_collector(self, key: str, value: str | None) -> str | None:
        if value is not None and value not in COLLECTORS:
            raise InvalidInput(f"{key} must be one of {', '.join(COLLECTORS)}, got {clean(value, max_bytes=100)!r}")
        return value

    @validates(*TEXTS)
    def _take_text(self, key: str, value: str | None) -> str | None:
        column: Any = self.__table__.c[key]
        return None if value is None else require_text(value, key, longest=column.type.length, shortest=0)

    @validates(*INSTANTS)
    def _take_instant(self, key: str, value: datetime | None) -> datetime | None:
        if key in ENDS:
            self.reminder_due_at = LOOK_NOW
        return None if value is None else as_instant(value, key)

    @staticmethod
    def name_of(row_id: int) -> str:
        """Return what reports, logs and effect keys call the subscription of that id."""
        return f"sub-{row_id}"

    @property
    def subject(self) -> str:
        """What reports, logs and effect keys call this subscription."""
        return self.name_of(self.id)

    @property
    def has_access(self) -> bool:
        """Whether the account may use the product now."""
        return self.status in WITH_ACCESS

    @classmethod
    def having_access(cls) -> ColumnElement[bool]:
        """Return the query twin of `has_access`."""
        return cls.status.in_([status.value for status in WITH_ACCESS])

    @property
    def on_trial(self) -> bool:
        """Whether its trial is under way."""
        return self.status == Status.TRIALING

    @classmethod
    def being_on_trial(cls) -> ColumnElement[bool]:
        """Return the query twin of `on_trial`."""
        return cls.status == Status.TRIALING.value

    @property
    def ends_at(self) -> datetime | None:
        """When its trial, term or grace ends, whichever is under way; None where no end is planned."""
        name = END_IN.get(Status(self.status))
        return getattr(self, name) if name else None

    @classmethod
    def ending_by(cls, instant: datetime) -> ColumnElement[bool]:
        """Return the query twin of `ends_at <= instant`."""
        return or_(*(and_(cls.status == s.value, getattr(cls, name) <= instant) for s, name in END_IN.items()))

    @property
    def days_left(self) -> int | None:
        """Days until its trial, term or grace ends, 0 on the last one; None where no end is planned.

        They are counted as emails count them, from today on in the zone of SUBS_TIMEZONE.
        """
        end, now = self.ends_at, Subscription.clock()
        return None if end is None else days_between(now, end, now.tzinfo or UTC)

    @property
    def is_live(self) -> bool:
        """Whether it is neither expired nor canceled."""
        return self.status in LIVE

    @classmethod
    def being_live(cls) -> ColumnElement[bool]:
        """Return the query twin of `is_live`."""
        return cls.status.in_([status.value for status in LIVE])

    def __repr__(self) -> str:
        loaded = self.__dict__  # a repr asks no database
        name = self.name_of(loaded["id"]) if loaded.get("id") else "new"
        return f"<Subscription {name} {loaded.get('status', 'not loaded')}>"

    def to_dict(self) -> dict[str, Any]:
        """Return every public column, and whether it gives access."""
        hidden = {"live", "reminder_due_at", "audit_hash"}
        columns = [attribute.key for attribute in self.__mapper__.column_attrs if attribute.key not in hidden]
        document = {**{name: getattr(self, name) for name in columns}, "has_access": self.has_access}
        return self.with_fault(document)
