"""A shop written from the README and the public contract alone; its tests see only what pip installed."""

import json

import click
from flask import Flask

from . import hooks  # noqa: F401  # registers them
from .extensions import db, mail, migrate, subs
from .models import Machine
from .views import pages


def create_app():
    app = Flask(__name__)
    app.config.update(
        SQLALCHEMY_DATABASE_URI="sqlite:///shop.db",
        MAIL_SERVER="127.0.0.1",
        MAIL_DEFAULT_SENDER="billing@shop.example",
        SUBS_PLANS={"pro": {"price": 4900, "currency": "EUR", "interval": "month", "trial_days": 14}},
        SUBS_DEPLOYMENT="shop",
        SUBS_ALLOW_TIME_TRAVEL=True,
    )
    app.config.from_prefixed_env("SHOP")
    db.init_app(app)
    migrate.init_app(app, db)
    mail.init_app(app)
    subs.init_app(app)
    app.register_blueprint(pages)
    app.cli.add_command(visit)
    app.cli.add_command(machines)
    return app


@click.command("visit")
@click.argument("path")
@click.argument("fields", nargs=-1, metavar="[NAME=VALUE]...")
def visit(path, fields):
    """Request a page of the app: with fields as a form; print the status and the answer."""
    client = create_app().test_client()
    form = dict(field.split("=", 1) for field in fields)
    answer = client.post(path, data=form) if form else client.get(path)
    click.echo(f"{answer.status_code} {answer.text}")


@click.command("machines")
def machines():
    """Print which companies' machines run."""
    with create_app().app_context():
        click.echo(
            json.dumps({machine.company_id: machine.running for machine in db.session.scalars(db.select(Machine))})
        )
