"""What the pages show can be pasted: Python compiles, a shell can read its lines, and every setting named is there."""

from __future__ import annotations

import ast
import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from flask_subscription_ops.settings import Settings

from .pages import PAGES, blocks, name_of, read

SETTING = re.compile(r"\b(?:FLASK_)?SUBS_([A-Z][A-Z0-9_]*[A-Z0-9])\b(?!\*)")
MAIL_SETTING = re.compile(r"(?<![A-Z_])MAIL_[A-Z_]+[A-Z]\b")
SIGNATURE = re.compile(r"\w+\(.*\)\n")
OURS = {field.name.upper() for field in fields(Settings)}
SECRETS = {field.name.upper() for field in fields(Settings) if field.metadata.get("secret")}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_python_block_compiles(page: Path) -> None:
    for block in blocks(page.read_text("utf-8"), "python"):
        ast.parse(f"def {block.strip()}: ..." if SIGNATURE.fullmatch(block) else block)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_shell_can_read_every_block_for_it(page: Path) -> None:
    for block in blocks(page.read_text("utf-8"), "sh"):
        read_only = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
        assert read_only.stderr == ""


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_setting_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text("utf-8")

    assert sorted(set(SETTING.findall(text)) - OURS - {f"{name}_FILE" for name in SECRETS}) == []
    assert sorted(set(MAIL_SETTING.findall(text)) - mail_settings()) == []


def mail_settings() -> set[str]:
    """Return the keys of Flask-Mail that the settings' page tells about."""
    return set(MAIL_SETTING.findall(read("reference/settings.md")))
