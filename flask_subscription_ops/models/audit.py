"""The audit: who changed what, when, and why. It is only ever added to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint, event
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column

from ..domain.clock import to_text
from ..errors import AppendOnly
from .base import Base
from .types import BigId, Instant, Json, as_json, key_text

HASHED = ("account_id", "version", "from_status", "to_status", "cause", "actor", "run_id", "details")


class AuditEntry(Base):
    """One change of one subscription; its version is unique, so a missing or repeated entry shows."""

    __tablename__ = "subs_audit"
    __table_args__ = (
        UniqueConstraint("subscription_id", "version"),
        Index(None, "account_id"),
        Index(None, "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    account_id: Mapped[str | None] = mapped_column(key_text(191))
    subscription_id: Mapped[int | None] = mapped_column(BigId)
    version: Mapped[int | None]
    from_status: Mapped[str | None] = mapped_column(String(16))
    to_status: Mapped[str | None] = mapped_column(String(16))
    cause: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(255))
    run_id: Mapped[int | None] = mapped_column(BigId)
    details: Mapped[Any] = mapped_column(Json)
    hash: Mapped[str | None] = mapped_column(String(64))  # over this entry and the hash of the one before it

    def content(self) -> dict[str, Any]:
        """Return what its hash is made of."""
        return {name: getattr(self, name) for name in ("at", *HASHED)}

    def to_dict(self) -> dict[str, Any]:
        """Return the entry in the words of `flask subs audit`."""
        document = {
            "id": self.id,
            "at": self.at,
            "account": self.account_id,
            "subscription": self.subscription_id,
            "version": self.version,
            "from": self.from_status,
            "to": self.to_status,
            "cause": self.cause,
            "actor": self.actor,
            "run": self.run_id,
            "details": self.details,
        }
        return self.with_fault(document)


def chained(previous: str | None, entry: Mapping[str, Any]) -> str:
    """Return the hash of an entry that follows the one whose hash is `previous`.

    The subscription's id is left out: it is not known yet when the first entry of a chain is made.
    """
    content = [previous, to_text(entry["at"]), *(entry[name] for name in HASHED)]
    return hashlib.sha256(as_json(content).encode()).hexdigest()


def _refuse(*_: Any) -> None:
    raise AppendOnly("the audit is only ever added to: write a new entry that corrects the old one")


@event.listens_for(Session, "do_orm_execute")
def _refuse_in_bulk(state: ORMExecuteState) -> None:
    if (state.is_update or state.is_delete) and state.bind_mapper is AuditEntry.__mapper__:
        _refuse()


event.listen(AuditEntry, "before_update", _refuse)
event.listen(AuditEntry, "before_delete", _refuse)
