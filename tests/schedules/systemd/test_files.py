"""What is written into a folder of the operator's, whoever has been there before."""

from __future__ import annotations

import os
import stat

import pytest

from flask_subscription_ops.errors import InstallationFailed
from flask_subscription_ops.schedules.systemd.example import EXAMPLE
from flask_subscription_ops.schedules.systemd.files import write_folder
from flask_subscription_ops.schedules.systemd.units import render


@pytest.fixture
def files(timers):
    return render(EXAMPLE, timers)


def contents(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("umask", [0, 0o22, 0o77], ids=oct)
def test_each_file_has_the_mode_it_needs(tmp_path, files, umask):
    previous = os.umask(umask)
    try:
        write_folder(tmp_path / "a" / "b", files)
    finally:
        os.umask(previous)

    modes = {name: stat.S_IMODE((tmp_path / "a" / "b" / name).stat().st_mode) for name in files}
    assert modes.pop("alert.conf") == 0o600
    assert set(modes.values()) == {0o644}


def test_writing_again_replaces_everything_and_leaves_nothing_beside_it(tmp_path, files):
    write_folder(tmp_path, dict.fromkeys(files, "old"))
    (tmp_path / "alert.conf").chmod(0o644)

    write_folder(tmp_path, files)

    assert contents(tmp_path) == files
    assert stat.S_IMODE((tmp_path / "alert.conf").stat().st_mode) == 0o600


def test_a_link_in_the_place_of_any_file_is_replaced_not_followed(tmp_path, files):
    folder, target = tmp_path / "units", tmp_path / "target"
    target.write_text("safe")
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)

    write_folder(folder, files)

    assert target.read_text() == "safe"
    assert contents(folder) == files
    assert not any(path.is_symlink() for path in folder.rglob("*"))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_link_in_the_place_of_any_folder_inside_is_not_followed(tmp_path, depth):
    folder, elsewhere = tmp_path / "units", tmp_path / "elsewhere"
    elsewhere.mkdir()
    parts = ["one", "two", "three"]
    planted = folder.joinpath(*parts[:depth])
    planted.parent.mkdir(parents=True)
    planted.symlink_to(elsewhere)

    with pytest.raises(InstallationFailed, match="cannot be written"):
        write_folder(folder, {"/".join([*parts, "unit.service"]): "text"})

    assert list(elsewhere.rglob("*")) == []


def test_the_folder_itself_may_be_a_link_as_its_caller_named_it(tmp_path, files):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    write_folder(tmp_path / "link", files)

    assert contents(tmp_path / "real") == files


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    (tmp_path / "unit").write_text("old")
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))

    with pytest.raises(InstallationFailed, match="No space left on device"):
        write_folder(tmp_path, {"unit": "new"})

    assert contents(tmp_path) == {"unit": "old"}
