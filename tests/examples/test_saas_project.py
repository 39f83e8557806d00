"""The saas example as a project: its migration and its demo, run as a person runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from saas.demo.situations import drafts

from .conftest import EXAMPLES

ROOT = EXAMPLES.parent
NOON = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)


def flask(instance: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "examples/saas/wsgi.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "SAAS_INSTANCE": str(instance)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_migration_as_it_was_generated_makes_every_table(tmp_path: Path) -> None:
    upgraded = flask(tmp_path, "db", "upgrade")
    checked = flask(tmp_path, "db", "check")

    assert upgraded.returncode == 0, upgraded.stderr
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_same_moment_gives_the_same_companies() -> None:
    assert list(drafts(300, NOON)) == list(drafts(300, NOON))


def test_any_number_of_companies_can_be_made() -> None:
    for count in (1, 10, 100, 300, 1000):
        assert len(list(drafts(count, NOON))) == count


def test_the_demo_runs_to_its_end(tmp_path: Path) -> None:
    demo = flask(tmp_path / "instance", "demo", "run", "--folder", str(tmp_path / "demo"))

    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "exit code 4" in demo.stdout
    assert "30  trials ended" in demo.stdout
    assert f". {Path(sys.prefix) / 'bin' / 'activate'}\n" in demo.stdout  # so that what follows can be pasted
    assert list((tmp_path / "demo" / "mail").glob("*.eml"))


def test_the_demo_leaves_a_folder_alone_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("keep me")

    demo = flask(tmp_path / "instance", "demo", "run", "--folder", str(tmp_path))

    assert demo.returncode == 1
    assert (tmp_path / "letter.txt").exists()
