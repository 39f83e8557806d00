"""The smallest complete host. Try it: flask --app examples/minimal.py subs trial-check --dry-run"""

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_subscription_ops import Contact, SubscriptionOps

db = SQLAlchemy()
subs = SubscriptionOps()


class Account(db.Model):
    id = db.Column(db.String(50), primary_key=True)
    email = db.Column(db.String(254), nullable=False)
    is_running = db.Column(db.Boolean, nullable=False, default=True)


@subs.contacts
def contacts(account_ids):
    found = db.session.scalars(db.select(Account).where(Account.id.in_(account_ids)))
    return {account.id: Contact(account.email) for account in found}


@subs.suspend_workspaces
def suspend(account_id, operation):
    db.session.execute(db.update(Account).where(Account.id == account_id).values(is_running=False))
    db.session.commit()


@subs.resume_workspaces
def resume(account_id, operation):
    db.session.execute(db.update(Account).where(Account.id == account_id).values(is_running=True))
    db.session.commit()


def create_app():
    app = Flask(__name__)
    app.config.update(SQLALCHEMY_DATABASE_URI="sqlite:///minimal.db", MAIL_DEFAULT_SENDER="billing@example.com")
    app.config.update(SUBS_DEPLOYMENT="minimal", SUBS_MAIL="file", SUBS_MAIL_DIR="emails")
    app.config["SUBS_PLANS"] = {"pro": {"price": 4900, "currency": "EUR", "interval": "month", "trial_days": 14}}
    app.config.from_prefixed_env()
    db.init_app(app)
    subs.init_app(app)
    with app.app_context():
        db.create_all()
    return app
