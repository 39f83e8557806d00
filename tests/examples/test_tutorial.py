"""The tutorial is true: its commands, run in order, print what it says they print."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import EXAMPLES

ROOT = EXAMPLES.parent
TUTORIAL = ROOT / "docs/tutorial/from-an-empty-app-to-a-stopped-workspace.md"
BLOCK = re.compile(r"```(python|console)\n(.*?)```", re.DOTALL)
STEP = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
SET_UP = ("mkdir ", "python3 -m venv ", "pip install ")  # what the test has done already
ASSIGNMENT = re.compile(r"(\w+)=(\$\(.*?\))")
PATIENCE = 20  # seconds for the server to answer

pytestmark = pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl")


class Terminal:
    """A shell in one folder, whose variables outlive a command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("FLASK_", "SUBS_"))},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "FLASK_RUN_PORT": str(self.port),
        }

    def run(self, command: str) -> str:
        result = subprocess.run(
            ["bash", "-c", command.replace("127.0.0.1:5000", f"127.0.0.1:{self.port}").replace("curl ", "curl -s ")],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}"
        return result.stdout

    def assign(self, name: str, value: str) -> None:
        self.environment[name] = self.run(f"echo {value}").strip()

    @contextmanager
    def serving(self) -> Iterator[None]:
        server = subprocess.Popen(
            [sys.executable, "-m", "flask", "run"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(self.port)
            yield
        finally:
            server.terminate()
            server.wait()


def test_the_tutorial_prints_what_it_says(tmp_path: Path) -> None:
    text = TUTORIAL.read_text("utf-8")
    before, after = text.split("$ flask run\n")
    terminal = Terminal(tmp_path)

    _follow(before, terminal)
    with terminal.serving():
        _follow("```console\n" + after, terminal)


def _follow(text: str, terminal: Terminal) -> None:
    for language, content in BLOCK.findall(text):
        if language == "python":
            (terminal.folder / "app.py").write_text(content, "utf-8")
        else:
            _type(content, terminal)


def _type(content: str, terminal: Terminal) -> None:
    for command, expected in STEP.findall(content):
        if command.startswith(SET_UP):
            continue
        if assignment := ASSIGNMENT.match(command):
            terminal.assign(assignment[1], assignment[2])
            continue
        printed = terminal.run(command)
        if expected:
            assert _timeless(printed) == _timeless(expected), command


def _timeless(output: str) -> str:
    """Leave out what differs from run to run: days, instants and durations."""
    output = re.sub(r"\d{4}-\d\d-\d\d(T[\d:]+)?", "WHEN", output)
    return re.sub(r"seconds=[\d.]+", "seconds=N", output)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(port: int) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
        except OSError:
            continue
        return
    raise AssertionError("the server did not start")
