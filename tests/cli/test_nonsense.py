"""Whatever is typed, a command answers it, or says in one sentence what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from flask_subscription_ops.cli.systemd import own_folder

from ..commands import leaves
from ..hosts import Host
from .test_usage import run

NONSENSE = {
    "empty": "",
    "blank": " \t ",
    "too long": "x" * 70_000,
    "very many digits": "9" * 5000,
    "a huge number": str(10**30),
    "a negative number": "-1",
    "no whole number": "0.5",
    "a line break": "a\nb",
    "what terminals obey": "\x1b[31m\x9b\u202e",
    "half a character": "\udcff",
    "a picture": "💥",
    "per cent": "50%",
    "quotes": "'\"`",
    "a slash": "/",
    "an option": "--",
    "a format": "{0}%s%(x)s",
    "SQL": "'; DROP TABLE subs_audit; --",
    "another type": "[1, {}]",
}
RIGHT = {  # for every argument and option that takes a text: one that works
    "account_id": "7",
    "actor": "ada",
    "address": "a@shop.example",
    "alert_app": "shop",
    "alert_recipients": "a@shop.example",
    "alert_sender": "b@shop.example",
    "app": "wsgi",
    "as_of": "2026-12-01T09:00:00Z",
    "confirm": "00000000",
    "credentials": "a=/etc/subs/a",
    "days": "3",
    "ending": "3",
    "environment": "A=b",
    "folder": "units",
    "interpreter": "/opt/venv/bin/python",
    "keys": "trial-started:sub-1:2026-12-15",
    "kind": "trial_started",
    "limit": "5",
    "locale": "en",
    "plan": "pro",
    "product": "default",
    "reason": "moved",
    "since": "2026-12-01T09:00:00Z",
    "state": "dead",
    "status": "trialing",
    "user": "subs",
    "working_directory": "/opt",
}
MAY_BE_EMPTY = {"reason", "alert_app", "alert_sender", "alert_recipients", "locale"}
UNITS = {"app": "wsgi", "interpreter": "/opt/venv/bin/python", "working_directory": "/opt"}  # that nobody is warned of

COMMANDS = dict(leaves())
TEXTS = [
    (path, str(parameter.name))
    for path, command in COMMANDS.items()
    for parameter in command.params
    if not (isinstance(parameter, click.Option) and parameter.is_flag)
]


def words_for(path: tuple[str, ...], name: str, value: str) -> list[str]:
    """Return the words of a call in which all is right but for one value."""
    words, last = list(path), []
    for parameter in COMMANDS[path].params:
        given = value if parameter.name == name else RIGHT[str(parameter.name)] if parameter.required else None
        if given is None:
            continue
        if isinstance(parameter, click.Argument):
            last.append(given)
        else:
            words += [parameter.opts[0], given]
    if path == ("systemd", "install"):
        words += ["--dry-run"]  # or this machine would have them
    if path[0] == "systemd":
        words += [word for key, given in UNITS.items() if key != name for word in (f"--{key.replace('_', '-')}", given)]
    return [*words, "--", *last] if last else words


@pytest.fixture
def shop(sqlite_host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.chdir(tmp_path)
    sqlite_host.trial("7")
    return sqlite_host


def test_each_argument_and_option_has_a_right_value_here() -> None:
    assert {name for _, name in TEXTS} == set(RIGHT)


@pytest.mark.parametrize(("path", "name"), TEXTS, ids=str)
def test_what_is_right_is_taken(shop: Host, path: tuple[str, ...], name: str) -> None:
    result = run(shop, *words_for(path, name, RIGHT[name]))

    assert result.exit_code == code_of(path, name), result.stderr


def code_of(path: tuple[str, ...], name: str) -> int:
    """Return how a call ends in which all is right; the one subscription there is a trial."""
    if path in {("pause",), ("unpause",)}:
        return 1
    return 3 if (path, name) == (("systemd", "install"), "credentials") else 0  # there is no such file


@pytest.mark.parametrize(("path", "name"), TEXTS, ids=str)
def test_nonsense_is_answered_in_a_sentence(shop: Host, path: tuple[str, ...], name: str) -> None:
    for called, nonsense in NONSENSE.items():
        if (name, called) == ("folder", "a slash"):  # the folder of this machine itself
            continue
        result = run(shop, *words_for(path, name, nonsense))

        assert result.exit_code in (0, 1, 2, 3, 4), called
        lines = result.stderr.splitlines()
        assert sum(line.startswith("Error: ") for line in lines) == bool(lines) == bool(result.exit_code), called
        assert len(lines) <= 4, called
        assert len(result.stderr) < 1500, called
        assert not set(result.stderr) & set("\x1b\x9b\u202e"), called
        if not nonsense.strip() and name not in MAY_BE_EMPTY:
            assert result.exit_code == 2, called


@pytest.mark.parametrize("folder", ["", " ", "/", "//", "/etc/.."])
def test_units_are_not_strewn_over_a_machine(folder: str) -> None:
    with pytest.raises(click.BadParameter, match="units have a folder of their own"):
        own_folder(click.Context(COMMANDS["systemd", "render"]), COMMANDS["systemd", "render"].params[0], folder)
