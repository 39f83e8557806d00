from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from .extensions import db


class Company(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    locale: Mapped[str]


class Machine(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    running: Mapped[bool] = mapped_column(default=True)
