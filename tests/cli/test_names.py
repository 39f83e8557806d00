"""A message that names a command names the one there is, as it was typed."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

import flask_subscription_ops
from flask_subscription_ops.errors import UnknownEffect

from ..hosts import NOON, Host, days, make_host
from .conftest import Shop, start_trials

PACKAGE = Path(flask_subscription_ops.__file__).parent
OWN_COMMAND = """
#!{python}
import sys
import click
from flask.cli import FlaskGroup
sys.path.insert(0, {folder!r})
from shop import create_app
@click.group(cls=FlaskGroup, create_app=create_app)
@click.option("--config")
def cli(config):
    pass
cli()
"""

CALLS = {
    "a module": ("python -m flask", "subs"),
    "an app, and another name": ("flask --app 'a shop.py'", "billing"),
    "an app called like the group": ("flask --app subs", "subs"),
    "the host's own": ("./shopctl --config 'sub cfg'", "subs"),
}


@pytest.fixture(params=CALLS.values(), ids=CALLS)
def called(request: pytest.FixtureRequest, shop: Shop, books: Host) -> tuple[Shop, str, str]:
    """A shop with three trials, and how its commands are typed: the program and its options, the group."""
    program, group = request.param
    shop.config |= {"SUBS_CLI_GROUP": group, "SUBS_BRAKE_MIN": 1, "SUBS_BRAKE_SHARE": 0.0}
    for name in ("a shop.py", "subs.py"):
        (shop.folder / name).write_text((shop.folder / "shop.py").read_text())
    write_own_command(shop)
    start_trials(books, 3)
    return shop, program, group


def write_own_command(shop: Shop) -> None:
    own = shop.folder / "shopctl"
    own.write_text(OWN_COMMAND.format(python=sys.executable, folder=str(shop.folder)).lstrip())
    own.chmod(0o755)


def commands_in(stderr: str) -> list[str]:
    """Return what a message gives to type: in backquotes, or as the line to repeat."""
    quoted = re.findall("`([^`]+)`", stderr)
    return quoted or [stderr.splitlines()[-1].rpartition(": ")[2]]


def test_every_error_names_the_command_that_was_typed(called: tuple[Shop, str, str], books: Host) -> None:
    shop, program, group = called
    before = "shopctl --config 'sub cfg'" if "shopctl" in program else program
    at = (NOON + days(14)).isoformat().replace("+00:00", "Z")

    stopped = shop.shell(f"{program} {group} trial-check --as-of {at}")
    repeated = shop.shell("PATH=.:$PATH " + commands_in(stopped.stderr)[-1])
    unknown = shop.shell(f"{program} {group} outbox retry nothing")
    books.db.session.execute(text("UPDATE subs_deployment SET name = 'another'"))
    books.db.session.commit()
    of_another = shop.shell(f"{program} {group} extend 1 1")
    found = shop.shell(f"{program} {group} doctor")
    books.db.session.execute(text("DROP TABLE subs_webhook_events"))
    books.db.session.commit()
    outdated = shop.shell(f"{program} {group} status")
    outdated_job = shop.shell(f"{program} {group} deliver")

    codes = [each.returncode for each in (stopped, repeated, unknown, of_another, found, outdated, outdated_job)]
    assert codes == [4, 0, 2, 4, 1, 0, 3]
    token = stopped.stderr.split()[-1]
    assert commands_in(stopped.stderr) == [f"{before} {group} trial-check --as-of {at} --confirm {token}"]
    assert commands_in(unknown.stderr) == [f"{before} {group} outbox list"]
    assert commands_in(of_another.stderr) == [f"{before} {group} deployment adopt --drop-effects"]
    assert f"`{before} {group} deployment adopt --drop-effects`" in found.stdout
    assert commands_in(outdated_job.stderr) == [f"{before} db upgrade", f"{before} db migrate"]


def test_no_units_are_rendered_that_nothing_could_start(shop: Shop, books: Host) -> None:
    write_own_command(shop)
    render = "./shopctl subs systemd render units --interpreter /opt/venv/bin/python --working-directory /opt"

    refused = shop.shell(render)
    told = shop.shell(f"{render} --app \"shop:create_app('sub.cfg')\"")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert "add --app behind this command, with what `flask --app` takes" in refused.stderr
    assert told.returncode == 0
    assert (
        "`flask --app \"shop:create_app('sub.cfg')\" subs systemd render`"
        in (shop.folder / "units/README.md").read_text()
    )
    service = (shop.folder / "units/subs-deliver.service").read_text()
    assert "-m flask --app \"shop:create_app('sub.cfg')\" subs deliver" in service


def test_code_without_a_command_line_is_told_of_flask(make_on_sqlite: Callable[..., Host], sqlite_url: str) -> None:
    from flask_subscription_ops.actions.effects import retry

    host = make_on_sqlite(SUBS_CLI_GROUP="billing")
    host.deliver(NOON)
    host.db.session.execute(text("UPDATE subs_deployment SET name = 'another'"))
    host.db.session.commit()

    assert "`flask billing deployment adopt --drop-effects`" in str(host.deliver(NOON).stopped_by)
    with pytest.raises(UnknownEffect, match="`flask billing outbox list` names them"):
        retry(host.subs._context(), ["nothing"])


def test_what_a_test_runner_invokes_is_told_of_flask(sqlite_url: str) -> None:
    host = make_host(sqlite_url, SUBS_CLI_GROUP="billing")

    refused = host.app.test_cli_runner().invoke(args=["billing", "deliver"])

    assert "run `flask db upgrade`" in refused.stderr


def test_no_sentence_has_the_name_of_a_command_written_into_it() -> None:
    assert [
        f"{path.relative_to(PACKAGE)}: {said}"
        for path in PACKAGE.rglob("*.py")
        for said in sentences(ast.parse(path.read_text("utf-8")))
        if re.search(r"\bflask ((--app \S+ )?(subs|db)\b|$)", said)
    ] == []


def sentences(tree: ast.Module) -> Iterator[str]:
    """Yield what a module may say: every text but its docstrings."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value
