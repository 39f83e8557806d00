"""Installing into a folder, where no systemd is told anything."""

from __future__ import annotations

import os
import stat
from dataclasses import replace

import pytest

from flask_subscription_ops.errors import InstallationFailed, InvalidInput
from flask_subscription_ops.schedules.systemd import install as module
from flask_subscription_ops.schedules.systemd.example import EXAMPLE
from flask_subscription_ops.schedules.systemd.install import install, plan_install, plan_uninstall, uninstall
from flask_subscription_ops.schedules.systemd.options import UnitOptions
from flask_subscription_ops.schedules.systemd.steps import RunCommand, WriteFile

INSTALLED = {
    "etc/subs/alert.conf",
    "etc/systemd/system/subs-alert@.service",
    "etc/systemd/system/subs-deliver.service",
    "etc/systemd/system/subs-deliver.timer",
    "etc/systemd/system/subs-trial-check.service",
    "etc/systemd/system/subs-trial-check.timer",
    "etc/sysusers.d/subs.conf",
    "usr/local/lib/subscription-ops/installed",
    "usr/local/lib/subscription-ops/subs_alert.py",
}


def files(root):
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def contents(root):
    return {name: (root / name).read_bytes() for name in files(root)}


def test_everything_is_written(tmp_path, timers):
    install(EXAMPLE, timers, str(tmp_path))

    assert files(tmp_path) == INSTALLED


@pytest.mark.parametrize("umask", [0, 0o77], ids=oct)
def test_only_root_writes_and_only_root_reads_the_alert_settings(tmp_path, timers, umask):
    previous = os.umask(umask)
    try:
        install(EXAMPLE, timers, str(tmp_path))
    finally:
        os.umask(previous)

    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in INSTALLED}
    assert modes.pop("etc/subs/alert.conf") == 0o600
    assert set(modes.values()) == {0o644}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_dir()}
    assert folders == {0o755}


def test_installing_twice_changes_nothing(tmp_path, timers):
    install(EXAMPLE, timers, str(tmp_path))
    before = contents(tmp_path)

    install(EXAMPLE, timers, str(tmp_path))

    assert contents(tmp_path) == before


def test_edited_alert_settings_are_kept(tmp_path, timers):
    install(EXAMPLE, timers, str(tmp_path))
    (tmp_path / "etc/subs/alert.conf").write_text("mine")

    steps = install(EXAMPLE, timers, str(tmp_path))

    assert (tmp_path / "etc/subs/alert.conf").read_text() == "mine"
    assert f"keep {tmp_path}/etc/subs/alert.conf" in map(str, steps)


def test_a_timer_that_left_the_table_leaves_the_system(tmp_path, timers):
    install(EXAMPLE, timers, str(tmp_path))

    steps = install(EXAMPLE, timers[:1], str(tmp_path))

    assert not [name for name in files(tmp_path) if "deliver" in name]
    assert "systemctl disable --now subs-deliver.timer" in str(steps[0])


def test_uninstalling_removes_what_was_installed_and_keeps_the_rest(tmp_path, timers):
    install(EXAMPLE, timers, str(tmp_path))
    drop_in = tmp_path / "etc/systemd/system/subs-deliver.service.d/mine.conf"
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\n")

    uninstall(str(tmp_path))

    assert files(tmp_path) == {"etc/subs/alert.conf", "etc/systemd/system/subs-deliver.service.d/mine.conf"}
    assert not (tmp_path / "usr/local/lib/subscription-ops").exists()


def test_uninstalling_twice_does_nothing(tmp_path, timers):
    install(EXAMPLE, timers, str(tmp_path))
    uninstall(str(tmp_path))

    assert uninstall(str(tmp_path)) == []


def test_a_plan_writes_nothing(tmp_path, timers):
    plan_install(EXAMPLE, timers, str(tmp_path))
    plan_uninstall(str(tmp_path))

    assert files(tmp_path) == set()


def test_elsewhere_the_commands_are_named_not_run(tmp_path, timers):
    steps = install(EXAMPLE, timers, str(tmp_path))

    assert not any(isinstance(step, RunCommand) for step in steps)
    assert [str(step) for step in steps[-3:]] == [
        "then run, on that system: systemd-sysusers /etc/sysusers.d/subs.conf",
        "then run, on that system: systemctl daemon-reload",
        "then run, on that system: systemctl enable --now subs-deliver.timer subs-trial-check.timer",
    ]


def test_a_symbolic_link_in_the_way_is_replaced_not_followed(tmp_path):
    target = tmp_path / "target"
    target.write_text("safe")
    (tmp_path / "link").symlink_to(target)

    WriteFile(tmp_path / "link", "new").perform()

    assert (target.read_text(), (tmp_path / "link").read_text()) == ("safe", "new")


def test_a_write_that_fails_leaves_nothing_behind(tmp_path):
    (tmp_path / "folder").mkdir()

    with pytest.raises(OSError, match="folder"):
        WriteFile(tmp_path / "folder", "text").perform()

    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_without_root_the_remedy_is_named(monkeypatch, timers):
    monkeypatch.setattr(module.os, "geteuid", lambda: 1000)

    with pytest.raises(InstallationFailed, match="sudo"):
        install(UnitOptions(interpreter="/opt/a/bin/python", interpreter_home="/usr", working_directory="/opt"), timers)


def test_what_the_units_would_not_see_is_refused_before_anything_is_written(tmp_path, timers):
    with pytest.raises(InvalidInput, match=r"interpreter_home /root/py .*; working_directory /home/me"):
        install(replace(EXAMPLE, working_directory="/home/me", interpreter_home="/root/py"), timers, str(tmp_path))

    assert files(tmp_path) == set()


def test_a_missing_secret_is_named_before_anything_is_written(timers):
    with pytest.raises(InstallationFailed, match="/etc/subs/database-url"):
        plan_install(EXAMPLE, timers)


def test_a_tree_that_cannot_be_written_is_said_in_one_sentence(tmp_path, timers):
    (tmp_path / "etc").touch()

    with pytest.raises(InstallationFailed, match=r"could not write .*/etc/.*: .*; nothing after it was done"):
        install(EXAMPLE, timers, str(tmp_path))


def test_a_command_that_fails_says_why():
    with pytest.raises(InstallationFailed, match=r"could not run ls /nonexistent: .*No such file"):
        RunCommand(("ls", "/nonexistent")).perform()


def test_a_command_that_is_missing_says_so():
    with pytest.raises(InstallationFailed, match="could not run nonexistent-command"):
        RunCommand(("nonexistent-command",)).perform()
