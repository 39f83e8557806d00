"""The README's start works as pasted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .pages import ROOT, blocks, sections


def test_the_start_works_as_pasted(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    start = readme[readme.index("## Start") : readme.index("## See it")]
    [app], [_, commands] = blocks(start, "python"), blocks(start, "sh")
    (tmp_path / "app.py").write_text(app)

    done = subprocess.run(
        ["bash", "-euc", commands], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "the workspaces of ada stop: trial_ended" in done.stdout
    assert "sub-1: pro is expired, no access" in done.stdout
    kinds = sorted(path.name.partition("_")[0] for path in (tmp_path / "emails").glob("*.eml"))
    assert kinds == ["trial-expired", "trial-started"]


def test_the_start_is_followed_by_the_two_commands_of_a_checkout() -> None:
    text = (ROOT / "README.md").read_text("utf-8")

    assert "make demo\nmake test\n" in blocks(text, "sh")
    assert "Commands" in sections(text)


def environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("FLASK_", "SUBS_"))}
    paths = os.pathsep.join([str(Path(sys.executable).parent), own.get("PATH", "")])
    return {**own, "PATH": paths, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
