"""The smallest complete host. Try it: flask --app examples/minimal.py subs trial-check --dry-run"""

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped, mapped_column

from flask_subscription_ops import Contact, Operation, SubscriptionOps

db = SQLAlchemy()
subs = SubscriptionOps()


class Account(db.Model):
    id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str]
    running: Mapped[bool] = mapped_column(default=True)


@subs.contacts
def contacts(account_ids):
    accounts = db.session.scalars(db.select(Account).where(Account.id.in_(account_ids)))
    return {account.id: Contact(account.email) for account in accounts}


@subs.suspend_workspaces
def suspend(account_id: str, operation: Operation) -> None:
    set_running(account_id, False)


@subs.resume_workspaces
def resume(account_id: str, operation: Operation) -> None:
    set_running(account_id, True)


def set_running(account_id: str, running: bool) -> None:
    db.session.execute(db.update(Account).where(Account.id == account_id).values(running=running))
    db.session.commit()


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_mapping(
        SQLALCHEMY_DATABASE_URI="sqlite:///minimal.db",
        SUBS_PLANS={"pro": {"price": 4900, "currency": "EUR", "interval": "month", "trial_days": 14}},
    )
    app.config.from_prefixed_env()
    db.init_app(app)
    subs.init_app(app)
    with app.app_context():
        db.create_all()
    return app
