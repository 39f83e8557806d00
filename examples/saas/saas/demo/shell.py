"""Runs `flask` in processes of their own, as a terminal or systemd would, and shows what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

WSGI = Path(__file__).parents[2] / "wsgi.py"
HEAD, TAIL = 8, 2  # lines shown of a long output


@dataclass(frozen=True)
class Shell:
    """A place to run commands in: `environment` is added to this process's own."""

    environment: Mapping[str, str]

    def flask(self, *arguments: str, expect: int = 0) -> str:
        """Run one command, show it with its output, and return the output; any other exit code ends the demo."""
        click.secho(f"\n  $ flask {' '.join(arguments)}", bold=True)
        result = self._run(arguments)
        click.echo(_shortened(result.stdout))
        if result.returncode != expect:
            raise click.ClickException(f"exit code {result.returncode}, expected {expect}")
        if result.returncode:
            click.secho(f"  (exit code {result.returncode})", dim=True)
        return result.stdout

    def _run(self, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", str(WSGI), *arguments],
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )


def _shortened(output: str) -> str:
    lines = output.rstrip().splitlines()
    if len(lines) > 2 * (HEAD + TAIL):
        lines = [*lines[:HEAD], "...", *lines[-TAIL:]]
    return "\n".join(f"  {line}" for line in lines)
