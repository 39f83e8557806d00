"""The built wheel, an empty environment that has it, and a host app with nothing else within reach."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

CHECKOUT = Path(__file__).parents[2]
HOST = Path(__file__).parent / "host"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as pip builds it."""
    folder = tmp_path_factory.mktemp("dist")
    pip(Path(sys.executable), "wheel", "--no-deps", "--wheel-dir", str(folder), str(CHECKOUT))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    interpreter = folder / "bin" / "python"
    pip(interpreter, "install", str(wheel))
    return interpreter


@dataclass
class Shop:
    """The host app in its own folder."""

    python: Path
    folder: Path
    port: int
    emails: list[EmailMessage] = field(default_factory=list)

    def flask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run flask: without the checkout, the tests' environment, or anything of this user's on its path."""
        return subprocess.run(
            [self.python, "-I", "-m", "flask", "--app", "shop", *arguments],
            cwd=self.folder,
            env={**clean_environment(), "SHOP_MAIL_PORT": str(self.port)},
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, *arguments: str) -> str:
        """Run flask and return what it prints; a failure ends the test."""
        result = self.flask(*arguments)
        assert result.returncode == 0, f"flask {' '.join(arguments)}\n{result.stdout}{result.stderr}"
        return result.stdout

    def ask(self, *arguments: str) -> Any:
        return json.loads(self.run("subs", *arguments, "--json"))

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        self.emails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"


@pytest.fixture
def shop(python: Path, tmp_path: Path) -> Iterator[Shop]:
    """The host app, and the mail server that it sends to."""
    folder = tmp_path / "shop"
    shutil.copytree(HOST, folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shop = Shop(python, folder, port)
    controller = Controller(shop, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield shop
    finally:
        controller.stop()


def pip(interpreter: Path, *arguments: str) -> None:
    """Run pip as it is configured here; where it can install nothing at all, skip."""
    result = run_pip(interpreter, *arguments)
    if result.returncode:
        if run_pip(interpreter, "install", "--dry-run", "--ignore-installed", "--no-deps", "click").returncode:
            pytest.skip(f"pip cannot install here: {result.stderr.strip().splitlines()[-1]}")
        pytest.fail(f"pip {' '.join(arguments)}\n{result.stderr}")


def run_pip(interpreter: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [interpreter, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def clean_environment() -> dict[str, str]:
    hidden = ("PYTHON", "FLASK_", "SUBS_", "SHOP_", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
