"""The units as shipped, on a systemd that really runs.

Set SUBS_SYSTEMD_LAB to a command `LAB [-t SECONDS] [-b SOURCE:TARGET]... FOLDER SCRIPT [ARGUMENT]...` that boots a
throw-away systemd, mounts the sources at their targets and runs the script in the folder there as root.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

LAB = os.environ.get("SUBS_SYSTEMD_LAB", "")
HERE = Path(__file__).parent / "lab"
CHECKOUT = Path(__file__).parents[3]
PATIENCE = 300
GUIDE = CHECKOUT / "docs" / "how-to" / "deploy-with-systemd.md"

pytestmark = pytest.mark.skipif(not LAB, reason="SUBS_SYSTEMD_LAB names no throw-away systemd")


@pytest.fixture
def app_folder(tmp_path):
    """A host configured as the guide says, with a virtual environment of the system's Python, which units can see."""
    folder = tmp_path / "app"
    shutil.copytree(HERE / "app", folder)
    (folder / "config.py").write_text(re.search(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)[1])
    subprocess.run(["/usr/bin/python3", "-m", "venv", folder / "venv"], check=True)
    pip = [folder / "venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, f"{CHECKOUT}[postgres]", "aiosmtpd"], check=True)
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    return folder


def run_in_lab(app_folder, script, *arguments):
    command = [LAB, "-t", str(PATIENCE), "-b", f"{app_folder}:/opt/app", str(HERE), str(HERE / script), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE + 30, check=False)
    print(result.stdout)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.endswith("done\n")


def test_the_life_of_an_installation(app_folder):
    run_in_lab(app_folder, "life.sh")


def test_the_guide_works_as_written(app_folder):
    shutil.copy(GUIDE, app_folder / "guide.md")

    run_in_lab(app_folder, "guide.sh", "/opt/app/guide.md")
