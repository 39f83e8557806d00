"""The steps an installation is made of: each says what it is, and does it; doing it again changes nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ...errors import InstallationFailed
from .files import opened, put

COMMAND_TIMEOUT_SECONDS = 120


class Step(Protocol):
    """One step of a plan; `str(step)` says it in words."""

    def perform(self) -> None:
        """Do it."""


@dataclass(frozen=True)
class WriteFile:
    """Put a file in place, whole or not at all (rename(2))."""

    path: Path
    text: str
    mode: int = 0o644

    def __str__(self) -> str:
        return f"write {self.path}"

    def perform(self) -> None:
        """Write beside the target, then rename; folders on the way are made with mode 0755, whatever the umask."""
        _make_folder(self.path.parent)
        with opened(self.path.parent) as folder:
            put(folder, self.path.name, self.text, self.mode)


@dataclass(frozen=True)
class KeepFile:
    """Leave a file that an administrator may have edited."""

    path: Path

    def __str__(self) -> str:
        return f"keep {self.path}"

    def perform(self) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class RemoveFile:
    """Remove a file that an earlier installation wrote."""

    path: Path

    def __str__(self) -> str:
        return f"remove {self.path}"

    def perform(self) -> None:
        """Remove it; one that is gone already is no error."""
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class RemoveEmptyFolder:
    """Remove a folder, unless somebody put something of their own into it."""

    path: Path

    def __str__(self) -> str:
        return f"remove {self.path} if it is empty"

    def perform(self) -> None:
        """Remove it if it is empty."""
        with suppress(OSError):
            self.path.rmdir()


@dataclass(frozen=True)
class RunCommand:
    """Run a command, given as an argument vector; a failure ends the installation."""

    arguments: Sequence[str]

    def __str__(self) -> str:
        return f"run {' '.join(self.arguments)}"

    def perform(self) -> None:
        """Run it with a deadline and without a shell."""
        try:
            result = subprocess.run(  # noqa: S603
                self.arguments, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InstallationFailed(f"could not {self}: {error}") from error
        if result.returncode:
            raise InstallationFailed(f"could not {self}: {result.stderr.strip() or f'exit {result.returncode}'}")


@dataclass(frozen=True)
class TellToRun:
    """Name a command for a person to run, because systemd is not running on the tree that was written."""

    arguments: Sequence[str]

    def __str__(self) -> str:
        return f"then run, on that system: {' '.join(self.arguments)}"

    def perform(self) -> None:
        """Do nothing."""


def _make_folder(path: Path) -> None:
    if not path.is_dir():
        _make_folder(path.parent)
        path.mkdir()
        path.chmod(0o755)
