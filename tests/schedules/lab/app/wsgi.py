"""A stand-in for the host's app: its jobs say what they can and cannot do from inside their unit."""

import os
import pwd
import smtplib
import threading
from pathlib import Path

import click
import psycopg
from flask import Flask
from flask.cli import AppGroup
from flask_subscription_ops.jobs.table import JOBS

from flask_subscription_ops.schedules.install import install, uninstall
from flask_subscription_ops.schedules.options import UnitOptions
from flask_subscription_ops.schedules.systemd import render

app = Flask(__name__)
subs = AppGroup("subs")
systemd = AppGroup("systemd")
subs.add_command(systemd)
app.cli.add_command(subs)

STATE = Path("/var/lib/subs")
HIDDEN = ("/etc/shadow", "/root", "/etc/subs/database-url")
READ_ONLY = ("/etc/subs-probe", "/opt/app/subs-probe", "/usr/subs-probe")


def refused(act, *arguments):
    try:
        act(*arguments)
    except OSError:
        return True
    return False


def facts():
    secret = credential("database-url")
    script = STATE / "script"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    yield "user", pwd.getpwuid(os.getuid()).pw_name
    yield "database", count_run(secret)
    yield "secret-in-environment", any(secret in value for value in os.environ.values())
    yield "hidden", all(refused(os.listdir if path == "/root" else open, path) for path in HIDDEN)
    yield "read-only", all(refused(Path(path).write_text, "x") for path in READ_ONLY)
    yield "own-scripts-run", not refused(os.execv, str(script), [str(script)])


def credential(name):
    return (Path(os.environ["CREDENTIALS_DIRECTORY"]) / name).read_text().strip()


def count_run(url):
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS runs (at timestamptz DEFAULT now())")
        connection.execute("INSERT INTO runs DEFAULT VALUES")
        return "as " + connection.execute("SELECT current_user").fetchone()[0]


@subs.command("trial-check")
def trial_check():
    if os.environ.get("BROKEN"):
        click.echo(f"the database is unreachable <{os.environ['BROKEN']}>", err=True)
        raise SystemExit(3)
    thread = threading.Thread(target=click.echo, args=["threads: work"])
    thread.start()
    thread.join()
    for name, value in facts():
        click.echo(f"{name}: {value}")


@subs.command("deliver")
def deliver():
    with smtplib.SMTP("localhost", 2525, timeout=5) as server:
        server.sendmail("subs@example.com", "customer@example.com", "Subject: delivered\n\nHello")


@systemd.command("render")
@click.argument("folder", type=Path)
def render_units(folder):
    for name, text in render(UnitOptions(), JOBS.values()).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@systemd.command("install")
@click.option("--credential", "credentials", multiple=True)
def install_units(credentials):
    options = UnitOptions(credentials=dict(pair.split("=", 1) for pair in credentials))
    click.echo("\n".join(map(str, install(options, JOBS.values()))))


@systemd.command("uninstall")
def uninstall_units():
    click.echo("\n".join(map(str, uninstall())))
