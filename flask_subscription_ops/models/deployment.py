"""Which deployment this database belongs to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, Session, mapped_column

from ..errors import Stopped
from ..settings import Settings
from .base import Base
from .types import Instant

DEPLOYMENT_ID = 1  # the only row


class Deployment(Base):
    """The one row that tells a production database from its copy on staging."""

    __tablename__ = "subs_deployment"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(191))
    epoch: Mapped[int] = mapped_column(default=1)  # how often the database was adopted
    adopted_at: Mapped[datetime] = mapped_column(Instant)
    audit_hash: Mapped[str | None] = mapped_column(String(64))  # of the latest audit entry about no subscription


def stored_deployment(session: Session) -> Deployment | None:
    """Return whose database this is, or None before the first job."""
    return session.get(Deployment, DEPLOYMENT_ID)


def require_own(stored: str | None, settings: Settings) -> None:
    """Raise Stopped where the database belongs to another deployment; one that belongs to nobody yet is free."""
    if stored not in (None, settings.deployment):
        adopt = settings.command("deployment", "adopt", "--drop-effects")
        raise Stopped(
            f"this database belongs to the deployment {stored!r}, and SUBS_DEPLOYMENT is {settings.deployment!r}:"
            f" nothing is sent or changed. On a copy take it over with `{adopt}`,"
            " and without that option only where the name was changed"
        )
