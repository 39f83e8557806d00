"""`flask subs systemd`, run as an administrator does, and what systemd says about what it wrote."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WORST_SCORE = 15  # in tenths: 1.5
ELSEWHERE = ("--interpreter", "/opt/app/venv/bin/python", "--working-directory", "/opt/app")
HERE = ("--interpreter", "/usr/bin/python3", "--working-directory", "/usr")  # what exists, as verify looks for it
APP = """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_subscription_ops import SubscriptionOps

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
app.config.from_prefixed_env("HOST")
SQLAlchemy(app)
SubscriptionOps(app)
"""

needs_analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


@pytest.fixture
def flask(tmp_path):
    """Run flask beside an `app.py`."""
    (tmp_path / "app.py").write_text(APP)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLASK_", "SUBS_"))}

    def run(*arguments, **environment):
        return subprocess.run(
            [sys.executable, "-m", "flask", *arguments],
            cwd=tmp_path,
            env={**kept, "PYTHONPATH": str(ROOT), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def started_by(folder):
    """Return the rest of ExecStart= after the interpreter."""
    lines = (folder / "subs-trial-check.service").read_text().splitlines()
    return next(line for line in lines if line.startswith("ExecStart=")).partition(" -m ")[2]


@needs_analyze
def test_systemd_has_nothing_to_say_about_what_was_rendered(flask, tmp_path):
    assert flask("subs", "systemd", "render", "units", *HERE).returncode == 0
    services = sorted((tmp_path / "units").glob("*.service"))
    instance = tmp_path / "units" / "subs-alert@subs-deliver.service.service"
    shutil.copy(tmp_path / "units" / "subs-alert@.service", instance)
    loadable = [path for path in (tmp_path / "units").glob("subs-*") if path.name != "subs-alert@.service"]

    verified = subprocess.run(["systemd-analyze", "verify", *loadable], capture_output=True, text=True, check=False)

    assert (verified.stdout, verified.stderr, verified.returncode) == ("", "", 0)
    for service in services:
        rated = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={WORST_SCORE}", service],
            capture_output=True,
            text=True,
            check=False,
        )
        assert rated.returncode == 0, f"{service.name}: {rated.stdout.splitlines()[-1]}"


def test_the_units_start_the_app_that_the_command_was_started_with(flask, tmp_path):
    flask("subs", "systemd", "render", "found", *ELSEWHERE)
    flask("--app", "app:app", "subs", "systemd", "render", "option", *ELSEWHERE)
    flask("subs", "systemd", "render", "variable", *ELSEWHERE, FLASK_APP="app.py")
    flask("subs", "systemd", "render", "given", "--app", "other", *ELSEWHERE)

    assert [started_by(tmp_path / name) for name in ("found", "option", "variable", "given")] == [
        "flask --app app subs trial-check",
        "flask --app app:app subs trial-check",
        "flask --app app.py subs trial-check",
        "flask --app other subs trial-check",
    ]


def test_the_units_know_another_name_of_the_commands(flask, tmp_path):
    flask("billing", "systemd", "render", "units", *ELSEWHERE, HOST_SUBS_CLI_GROUP="billing")

    assert started_by(tmp_path / "units") == "flask --app app billing trial-check"


def test_units_for_another_host_are_rendered_without_a_word(flask):
    rendered = flask("subs", "systemd", "render", *ELSEWHERE)

    assert (rendered.returncode, rendered.stderr) == (0, "")
    assert "ExecPaths=/opt/app/venv -/usr/bin" in rendered.stdout


def test_units_that_could_not_run_where_they_are_are_rendered_with_a_warning(flask, tmp_path):
    rendered = flask(
        "subs", "systemd", "render", "units", "--interpreter", "/usr/bin/python3", "--working-directory", "/tmp"
    )

    assert rendered.returncode == 0
    assert rendered.stderr == (
        "Warning: working_directory /tmp is hidden from the units, which do not see /tmp: use /opt or /srv\n"
    )
    assert (tmp_path / "units" / "subs-trial-check.service").exists()


def test_they_are_not_installed(flask):
    refused = flask("subs", "systemd", "install", "--dry-run", *HERE[:2], "--working-directory", "/home/me")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("Error: working_directory /home/me is hidden from the units")


def test_a_dry_run_says_what_would_be_done(flask):
    planned = flask("subs", "systemd", "install", "--dry-run", *ELSEWHERE)

    assert planned.returncode == 0
    assert "write /etc/systemd/system/subs-trial-check.timer" in planned.stdout.splitlines()
    assert not Path("/etc/systemd/system/subs-trial-check.timer").exists()


@pytest.mark.parametrize("action", ["install", "uninstall"])
def test_what_cannot_be_installed_could_not_run(flask, tmp_path, action):
    (tmp_path / "app.py").write_text("import os\nos.geteuid = lambda: 1000  # somebody who is not root\n" + APP)

    refused = flask("subs", "systemd", action, *(ELSEWHERE if action == "install" else ()))

    assert (refused.returncode, refused.stdout) == (3, "")
    assert refused.stderr == "Error: units are installed by root: run the same command with sudo\n"


def test_a_secret_that_is_missing_could_not_run_either(flask):
    refused = flask("subs", "systemd", "install", *ELSEWHERE, "--credential", "a=/nonexistent/secret")

    assert (refused.returncode, refused.stdout) == (3, "")
    assert refused.stderr.startswith("Error: /nonexistent/secret does not exist")


def test_a_folder_with_a_link_in_it_could_not_be_written(flask, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "units").mkdir()
    (tmp_path / "units" / "sysusers.d").symlink_to(tmp_path / "elsewhere")

    refused = flask("subs", "systemd", "render", "units", *ELSEWHERE)

    assert refused.returncode == 3
    assert refused.stderr.startswith("Error: sysusers.d in units cannot be written")
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--user", "root"), "user must not be root"),
        (("--credential", "secret"), "--credential 'secret' must be NAME=VALUE"),
        (("--credential", "a=relative"), "credential a must be an absolute path"),
        (("--env", "A B=c"), "environment must be a variable name"),
        (("--alert-recipient", "me"), "alert address must be one address"),
    ],
)
def test_wrong_usage_is_one_sentence(flask, arguments, sentence):
    refused = flask("subs", "systemd", "render", *ELSEWHERE, *arguments)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"Error: {sentence}")
    assert refused.stderr.count("\n") == 1
