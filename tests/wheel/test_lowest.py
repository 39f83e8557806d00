"""The wheel beside the lowest versions that it allows of what it depends on, which old apps are pinned to."""

from __future__ import annotations

import subprocess
import sys
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from ..mail.fake_mailjet import FakeMailjet
from .conftest import clean_environment, pip

APP = """
import sys
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_subscription_ops import Contact, SubscriptionOps

app, db, subs = Flask("old"), SQLAlchemy(), SubscriptionOps()
app.config.update(
    SQLALCHEMY_DATABASE_URI="sqlite:///" + sys.argv[1],
    MAIL_DEFAULT_SENDER="billing@old.example",
    SUBS_PLANS={"pro": {"price": 4900, "currency": "EUR", "interval": "month", "trial_days": 14}},
    SUBS_DEPLOYMENT="old",
    SUBS_MAIL="mailjet",
    SUBS_MAILJET_API_KEY="key-of-the-old-app",
    SUBS_MAILJET_API_SECRET="hush-of-the-old-app",
    SUBS_MAILJET_API_BASE=sys.argv[2],
)

@subs.contacts
def contacts(account_ids):
    return {key: Contact(f"owner-{key}@customer.example") for key in account_ids}

db.init_app(app)
subs.init_app(app)
with app.app_context():
    db.create_all()
    for number in range(60):
        subs.start_trial(str(number), "pro")
    db.session.commit()
    print(subs.run_job("deliver").to_dict()["effects"]["delivered"])
"""


@pytest.fixture(scope="module")
def old_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment in which every dependency stands at its lower bound."""
    folder = tmp_path_factory.mktemp("lowest")
    pins = folder / "pins.txt"
    pins.write_text("\n".join(lower_bounds(wheel)))
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    interpreter = folder / "venv" / "bin" / "python"
    pip(interpreter, "install", "--constraint", str(pins), str(wheel))
    return interpreter


def test_emails_go_through_mailjet_beside_the_lowest_versions(old_python: Path, tmp_path: Path) -> None:
    with FakeMailjet() as mailjet:
        command = [old_python, "-I", "-c", APP, tmp_path / "old.db", mailjet.base]
        done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "{'trial_started': 60}\n"), done.stderr
    assert [len(payload["Messages"]) for _, payload in mailjet.calls] == [50, 10]
    assert len(mailjet.accepted) == 60


def lower_bounds(wheel: Path) -> list[str]:
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(name))
    needed = [Requirement(line) for line in metadata.get_all("Requires-Dist") or [] if "extra ==" not in line]
    return [f"{each.name}=={part.version}" for each in needed for part in each.specifier if part.operator == ">="]
