"""What the shape of the house promises, beside the import contracts of pyproject.toml."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from werkzeug.exceptions import HTTPException

import flask_subscription_ops
from flask_subscription_ops import SubscriptionOpsError

PACKAGE = Path(flask_subscription_ops.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_FILE = 300
LONGEST_BODY = 40
LONGEST_INIT_APP = 30
FLASK_ROOMS = {"extension.py", "wiring.py", "cli", "web", "hooks.py", "mail"}
NEVER_AT_START = {
    "flask_mail",
    "mailjet_rest",
    "requests",
    "babel",
    "alembic",
    "flask_migrate",
    "smtplib",
    "idna",
    "stripe",
    "celery",
    "apscheduler",
}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_file_fits_on_a_few_screens(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_function_fits_on_one_screen(path: Path) -> None:
    limits = {"init_app": LONGEST_INIT_APP}

    too_long = {
        name: length for name, length in _bodies(ast.parse(path.read_text())) if length > limits.get(name, LONGEST_BODY)
    }

    assert too_long == {}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_flask_is_imported_only_where_the_web_is(path: Path) -> None:
    if path.relative_to(PACKAGE).parts[0] not in FLASK_ROOMS:
        assert "flask" not in set(_imported(ast.parse(path.read_text())))


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()


def test_the_public_names_are_these_and_no_others() -> None:
    names = {name for name in vars(flask_subscription_ops) if not name.startswith("_")}
    modules = {path.stem for path in PACKAGE.glob("*.py")} | {path.name for path in PACKAGE.iterdir() if path.is_dir()}

    assert names - modules == set(flask_subscription_ops.__all__)
    assert sorted(flask_subscription_ops.__all__) == [
        "Contact",
        "Operation",
        "SubscriptionOps",
        "SubscriptionOpsError",
        "Workspace",
        "current_subs",
    ]


def test_the_models_of_the_contract_can_be_imported() -> None:
    from flask_subscription_ops import models

    promised = {"Subscription", "Invoice", "Payment", "OutboxMessage", "AuditEntry", "JobRun", "WebhookEvent"}
    assert promised <= set(models.__all__) <= set(vars(models))


def test_every_error_has_the_one_root_and_stands_in_the_tree_of_its_module() -> None:
    from flask_subscription_ops import errors

    found = [thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, Exception)]

    assert all(issubclass(error, errors.SubscriptionOpsError) for error in found)
    assert {error.__name__ for error in found} == {
        line.strip("│├└─ ").split()[0] for line in (errors.__doc__ or "").splitlines()[2:] if line
    }


def test_no_error_stands_outside_the_tree_but_private_ones_and_answers_of_http() -> None:
    for path in MODULES:
        if path.name != "__main__.py":
            import_module(".".join(["flask_subscription_ops", *path.relative_to(PACKAGE).with_suffix("").parts]))

    strays = [
        error.__qualname__
        for error in _all_below(BaseException)
        if error.__module__.startswith("flask_subscription_ops") and not error.__name__.startswith("_")
        if not issubclass(error, (SubscriptionOpsError, HTTPException))
    ]

    assert strays == []


def test_importing_the_package_loads_nothing_that_an_idle_command_does_not_need() -> None:
    program = f"""
import sys, flask_subscription_ops, flask_subscription_ops.models
print(*[name for name in {NEVER_AT_START!r} if name in sys.modules])
"""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)

    assert done.stdout.split() == []


def _all_below(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    for below in kind.__subclasses__():
        yield below
        yield from _all_below(below)


def _bodies(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield what a module loads, without what it names for the type checker alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        for inner in ast.walk(node):
            if isinstance(inner, ast.Import):
                yield from (alias.name.split(".")[0] for alias in inner.names)
            elif isinstance(inner, ast.ImportFrom) and inner.level == 0:
                yield (inner.module or "").split(".")[0]
