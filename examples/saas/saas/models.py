"""The host's own tables; subscriptions are not among them, they belong to the extension."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship
from werkzeug.security import check_password_hash, generate_password_hash

from .extensions import db

ADMIN, MEMBER = "admin", "member"
RUNNING, STOPPED = "running", "stopped"


class Company(db.Model):
    """A customer; its account key towards the extension is `str(id)`."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    locale: Mapped[str] = mapped_column(String(16), default="en")
    users: Mapped[list[User]] = relationship(back_populates="company", order_by="User.id")
    workspaces: Mapped[list[Workspace]] = relationship(back_populates="company", order_by="Workspace.id")

    @property
    def account_id(self) -> str:
        return str(self.id)


class User(db.Model):
    """Somebody who logs in; the first admin of a company receives its emails."""

    __table_args__ = (UniqueConstraint("email"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(16), default=MEMBER)
    is_staff: Mapped[bool] = mapped_column(default=False)
    password_hash: Mapped[str] = mapped_column(String(255))
    company: Mapped[Company] = relationship(back_populates="users")

    @property
    def is_admin(self) -> bool:
        return self.role == ADMIN

    def set_password(self, password: str) -> None:
        self.password_hash = generate_password_hash(password)

    def has_password(self, password: str) -> bool:
        return check_password_hash(self.password_hash, password)


class Workspace(db.Model):
    """What a company pays for.

    `operation_id` is the billing operation that changed it last: an operation told twice finds its own mark and does
    nothing, and a workspace its owner stopped (no mark) is not started by a payment.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(16), default=RUNNING)
    operation_id: Mapped[str] = mapped_column(String(255), default="")
    company: Mapped[Company] = relationship(back_populates="workspaces")

    @property
    def is_running(self) -> bool:
        return self.status == RUNNING
