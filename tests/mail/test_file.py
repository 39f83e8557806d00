from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_subscription_ops.mail.base import Email, Verdict
from flask_subscription_ops.mail.file import UNFINISHED, FileTransport
from flask_subscription_ops.mail.mime import to_bytes


@pytest.fixture
def transport(app: Flask, make_settings: Callable[..., Any]) -> FileTransport:
    return FileTransport(app, make_settings())


def test_an_email_is_a_file_named_after_its_effect(transport: FileTransport, make_email: Callable[..., Email]) -> None:
    email = make_email(1)

    list(transport.send([email]))

    [path] = transport.directory.iterdir()
    assert path.name == "trial-reminder_sub-1_2026-12-01_7.eml"
    assert path.read_bytes() == to_bytes(email)


@pytest.mark.parametrize("given", ["emails", "./a/../emails", "/somewhere/else"])
def test_a_relative_folder_lies_in_the_apps_wherever_a_command_is_started(
    make_settings: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    app = Flask("host", root_path=str(tmp_path / "app"))
    monkeypatch.chdir(tmp_path)

    assert FileTransport(app, make_settings(mail_dir=given)).directory == tmp_path / "app" / given


def test_a_repeat_replaces_its_own_file(transport: FileTransport, make_email: Callable[..., Email]) -> None:
    list(transport.send([make_email(1), make_email(1, text="again\n"), make_email(2)]))

    assert len(list(transport.directory.iterdir())) == 2


@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_only_the_owner_can_read_it_whatever_the_umask(
    transport: FileTransport, make_email: Callable[..., Email], mask: int
) -> None:
    transport.directory.mkdir(mode=0o700)
    before = os.umask(mask)
    try:
        list(transport.send([make_email(1)]))
    finally:
        os.umask(before)

    [path] = transport.directory.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) & 0o177 == 0


def test_a_failed_write_leaves_nothing_behind(transport: FileTransport, make_email: Callable[..., Email]) -> None:
    transport.path_of("a").mkdir(parents=True)

    [outcome] = transport.send([make_email(1, key="a")])

    assert outcome.verdict is Verdict.DEFERRED
    assert [path.name for path in transport.directory.iterdir()] == ["a.eml"]


@pytest.mark.parametrize("key", ["../../etc/passwd", "/etc/passwd", "a/b", "..", ".hidden", "x" * 5000, "ключ", ""])
def test_no_key_leads_out_of_the_directory(transport: FileTransport, key: str) -> None:
    path = transport.path_of(key)

    assert path.parent == transport.directory
    assert not path.name.startswith(".")
    assert len(path.name) < 255


def test_keys_that_look_alike_have_different_files(transport: FileTransport) -> None:
    keys = ["a:b", "a_b", "a/b", "a b", "a\\b"]

    assert len({transport.path_of(key) for key in keys}) == len(keys)


def test_a_link_in_its_place_is_replaced_not_followed(
    transport: FileTransport, make_email: Callable[..., Email], tmp_path: Path
) -> None:
    transport.directory.mkdir()
    target = tmp_path / "precious"
    target.write_text("mine")
    transport.path_of("a").symlink_to(target)

    list(transport.send([make_email(1, key="a")]))

    assert target.read_text() == "mine"


def test_what_a_killed_writer_left_is_removed_after_an_hour(
    transport: FileTransport, make_email: Callable[..., Email]
) -> None:
    program = f"""
import os
from pathlib import Path
from flask_subscription_ops.mail import file
os.replace = lambda *_: os._exit(9)
file._replace(Path({str(transport.path_of("a"))!r}), b"for nobody else")
"""
    transport.directory.mkdir()
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    [left] = transport.directory.iterdir()

    list(transport.send([make_email(1)]))
    assert left.exists()

    two_hours_ago = time.time() - 7200
    os.utime(left, (two_hours_ago, two_hours_ago))
    list(transport.send([make_email(2)]))

    assert {path.suffix for path in transport.directory.iterdir()} == {".eml"}


def test_only_our_own_leftovers_are_removed_and_no_link_is_followed(
    transport: FileTransport, make_email: Callable[..., Email], tmp_path: Path
) -> None:
    target = tmp_path / "precious"
    target.write_text("mine")
    transport.directory.mkdir()
    link = transport.directory / "x".join(UNFINISHED)
    link.symlink_to(target)
    others = [transport.directory / name for name in (".mine.tmp", "notes.tmp", ".subs-email-draft", "old.eml")]
    for path in others:
        path.touch()
    for path in [link, *others]:
        os.utime(path, (0, 0), follow_symlinks=False)

    list(transport.send([make_email(1)]))

    assert target.read_text() == "mine"
    assert not link.is_symlink()
    assert all(path.exists() for path in others)
