"""Every snippet of docs/how-to/test-your-app.md runs as it stands, as the tests of the smallest host."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from flask_subscription_ops import testing

from .pages import ROOT, blocks, read, rows
from .test_start import environment

PAGE = "how-to/test-your-app.md"
FILES = ("conftest.py", "test_time.py", "test_mail.py", "test_kill.py", "test_names.py")


def test_every_snippet_runs_as_it_stands(tmp_path: Path) -> None:
    for name, snippet in zip(FILES, blocks(read(PAGE), "python"), strict=True):
        (tmp_path / name).write_text(snippet)
    env = environment()
    env["PYTHONPATH"] += f":{ROOT / 'examples'}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:flask", "-W", "error", "-W", "ignore::ResourceWarning"]

    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout


def test_the_files_of_the_snippets_are_named_on_the_page() -> None:
    assert re.findall(r"In `(\w+\.py)`", read(PAGE)) == list(FILES[:-1])


def test_the_page_shows_every_name_of_the_kit() -> None:
    names = re.findall(r"^    (\w+),$", blocks(read(PAGE), "python")[-1], flags=re.MULTILINE)

    assert names == testing.__all__


def test_the_page_tells_what_follows_each_verdict() -> None:
    told = {row[0] for row in rows(read(PAGE))}

    assert {f"Verdict.{verdict.name}" for verdict in testing.Verdict} <= told
