"""A host app in a file of its own, and `flask` in a process of its own."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ..hosts import NOON, Host, running_host

ROOT = Path(__file__).parents[2]
APP = """
import json, os
from tests.hosts import make_host
def create_app():
    return make_host(os.environ["DATABASE"], **json.loads(os.environ["CONFIG"])).app
"""


@dataclass
class Shop:
    """A host whose commands run as an operator runs them."""

    folder: Path
    database: str
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("FLASK_", "SUBS_"))}
        return inherited | {
            "DATABASE": self.database,
            "CONFIG": json.dumps({"SUBS_MAIL": "file", "SUBS_MAIL_DIR": str(self.folder / "mail"), **self.config}),
            "FLASK_APP": str(self.folder / "shop.py"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error,ignore:unclosed database:ResourceWarning",  # as in pyproject.toml
        }

    @property
    def sent(self) -> int:
        return len(list((self.folder / "mail").glob("*.eml")))

    def shell(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-c", line], check=False, capture_output=True, text=True, env=self.environment, cwd=self.folder
        )

    def subs(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.shell(shlex.join(["flask", "subs", *words]))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    (tmp_path / "shop.py").write_text(APP)
    return Shop(tmp_path, f"sqlite:///{tmp_path / 'shop.db'}")


@pytest.fixture
def books(shop: Shop) -> Iterator[Host]:
    """The shop's tables, and a host in this process to write and read them."""
    with running_host(shop.database) as host:
        yield host


def start_trials(host: Host, count: int, *, begun: datetime = NOON) -> None:
    """Start trials of accounts 1, 2, ..."""
    host.at(begun)
    for number in range(1, count + 1):
        host.subs.start_trial(str(number), "pro")
    host.db.session.commit()
