"""The host of the lab: companies with a workspace each, and a look around from inside the unit that stops one."""

import os
import pwd
from datetime import datetime, timedelta, timezone
from pathlib import Path

import click
from flask import Flask
from flask_mail import Mail
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped, mapped_column

from flask_subscription_ops import Contact, SubscriptionOps
from flask_subscription_ops.models import Subscription

app = Flask(__name__)
app.config.from_object("config")  # as the guide writes it
app.config.update(
    MAIL_PORT=2525,
    MAIL_DEFAULT_SENDER="billing@lab.example",
    SUBS_DEPLOYMENT="lab",
    SUBS_SEND_HOUR=0,
    SUBS_PLANS={"pro": {"price": 4900, "currency": "EUR", "interval": "month", "trial_days": 14}},
)
app.config.from_prefixed_env("LAB")
db, subs = SQLAlchemy(), SubscriptionOps()

STATE = Path("/var/lib/subs")
HIDDEN = ("/etc/shadow", "/root", "/etc/subs/database-url")
READ_ONLY = ("/etc/subs-probe", "/opt/app/subs-probe", "/usr/subs-probe")


class Company(db.Model):
    name: Mapped[str] = mapped_column(primary_key=True)
    workspace: Mapped[str] = mapped_column(default="running")


@subs.contacts
def contacts(account_ids):
    names = db.session.scalars(db.select(Company.name).where(Company.name.in_(account_ids)))
    return {name: Contact(f"{name}@customer.example", name, timezone="Europe/Istanbul") for name in names}


@subs.suspend_workspaces
def suspend(account_id, operation):
    db.session.execute(db.update(Company).where(Company.name == account_id).values(workspace="stopped"))
    db.session.commit()
    for name, value in look_around() if account_id == "probe" else ():
        print(f"{name}: {value}")


@subs.resume_workspaces
def resume(account_id, operation):
    db.session.execute(db.update(Company).where(Company.name == account_id).values(workspace="running"))
    db.session.commit()


def look_around():
    secret = Path(os.environ["CREDENTIALS_DIRECTORY"], "database-url").read_text().strip()
    script = STATE / "script"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    yield "user", pwd.getpwuid(os.getuid()).pw_name
    yield "database", "as " + db.session.scalar(db.text("SELECT current_user"))
    yield "secret-in-environment", any(secret in value for value in os.environ.values())
    yield "hidden", all(refused(os.listdir if path == "/root" else open, path) for path in HIDDEN)
    yield "read-only", all(refused(Path(path).write_text, "x") for path in READ_ONLY)
    yield "own-scripts-run", not refused(os.execv, str(script), [str(script)])


def refused(act, *arguments):
    try:
        act(*arguments)
    except OSError:
        return True
    return False


@app.cli.command("create-tables")
def create_tables():
    db.create_all()


@app.cli.command("sign-up")
@click.argument("names", nargs=-1)
@click.option("--days-left", type=float, help="Without it the trial begins now.")
def sign_up(names, days_left):
    for name in names:
        db.session.add(Company(name=name))
        if days_left is None:
            subs.start_trial(name, "pro")
        else:
            end = datetime.now(timezone.utc) + timedelta(days=days_left)
            db.session.add(Subscription(account_id=name, plan="pro", status="trialing", trial_ends_at=end))
    db.session.commit()


@app.cli.command("workspaces")
def workspaces():
    for company in db.session.scalars(db.select(Company).order_by(Company.name)):
        click.echo(f"{company.name} {company.workspace}")


db.init_app(app)
Mail(app)
subs.init_app(app)
