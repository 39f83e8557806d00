"""The group of commands beside the commands of others."""

from __future__ import annotations

import click
import pytest
from flask import Flask
from flask.cli import AppGroup
from flask_sqlalchemy import SQLAlchemy

from flask_subscription_ops import SubscriptionOps
from flask_subscription_ops.cli import SubsGroup
from flask_subscription_ops.errors import ConfigurationError

from ..hosts import CONFIG


def app_with(name: str, *commands: click.Command) -> Flask:
    app = Flask("host")
    app.config.update({**CONFIG, "SQLALCHEMY_DATABASE_URI": "sqlite://", "SUBS_CLI_GROUP": name})
    SQLAlchemy(app)
    for command in commands:
        app.cli.add_command(command)
    return app


@pytest.fixture
def app() -> Flask:
    app = app_with("subs")
    SubscriptionOps(app)
    return app


@pytest.fixture
def group(app: Flask) -> SubsGroup:
    found = app.cli.commands["subs"]
    assert isinstance(found, SubsGroup)
    return found


@pytest.mark.parametrize("kind", [AppGroup, click.Command])
@pytest.mark.parametrize("name", ["subs", "billing"])
def test_a_name_that_the_host_uses_for_its_own_commands_is_refused(name: str, kind: type[click.Command]) -> None:
    app = app_with(name, kind(name))

    with pytest.raises(ConfigurationError, match=f"the command {name} is taken: set SUBS_CLI_GROUP to another name"):
        SubscriptionOps(app)


@pytest.mark.parametrize("name", ["run", "shell", "routes", "db"])
def test_a_name_that_flask_would_answer_to_first_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"the command {name} is taken: set SUBS_CLI_GROUP to another name"):
        SubscriptionOps(app_with(name))


def test_the_hosts_own_group_is_left_alone_where_ours_has_another_name() -> None:
    own = AppGroup("subs")
    app = app_with("billing", own)

    SubscriptionOps(app)

    assert app.cli.commands["subs"] is own
    assert isinstance(app.cli.commands["billing"], SubsGroup)


def test_commands_that_a_host_adds_to_our_group_are_listed_and_found(app: Flask, group: SubsGroup) -> None:
    @group.command("mine")
    def mine() -> None:
        """Do what only this host needs."""
        click.echo("done by the host")

    run = app.test_cli_runner().invoke

    assert "Do what only this host needs." in run(args=["subs", "--help"]).output
    assert run(args=["subs", "mine"]).output == "done by the host\n"
    assert run(args=["subs", "trial-check", "--help"]).exit_code == 0
    assert run(args=["subs", "nobodys"]).exit_code == 2


@pytest.mark.parametrize("name", ["deliver", "trial-check", "doctor", "outbox"])
def test_a_command_called_like_ours_is_refused_instead_of_hidden(group: SubsGroup, name: str) -> None:
    for command, called in ((click.Command(name), None), (click.Command("other"), name)):
        with pytest.raises(ConfigurationError, match=f"the command {name} is taken in the group subs"):
            group.add_command(command, called)
