"""Put the rendered units into a system, and take them out again.

An installation is a plan, a list of steps, and the plan performed: `plan_install` is the dry run of `install`.
What was written is listed in a manifest, so that an upgrade or a removal takes away that and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InstallationFailed, InvalidInput
from .alert import ALERT_SENDER, ALERT_SETTINGS
from .options import UnitOptions
from .steps import KeepFile, RemoveEmptyFolder, RemoveFile, RunCommand, Step, TellToRun, WriteFile
from .units import render

if TYPE_CHECKING:
    from ...jobs.timer import Timer

UNITS = "/etc/systemd/system"
SYSTEM_USER = "/etc/sysusers.d/subs.conf"
MANIFEST = "/usr/local/lib/subscription-ops/installed"


def install(options: UnitOptions, timers: Iterable[Timer], root: str = "/") -> list[Step]:
    """Write the units and start their timers; return the steps that were done.

    Safe to repeat. `/etc/subs/alert.conf` is written once and never again. On another root than `/`, or where
    systemd is not running, nothing is started: the last steps name the commands to run there.
    """
    return _perform(plan_install(options, timers, root), root)


def uninstall(root: str = "/") -> list[Step]:
    """Stop the timers and remove what `install` wrote; `/etc/subs`, the user and the data stay."""
    return _perform(plan_uninstall(root), root)


def plan_install(options: UnitOptions, timers: Iterable[Timer], root: str = "/") -> list[Step]:
    """Return what `install` would do, without doing it."""
    if options.hidden:
        raise InvalidInput("; ".join(options.hidden))
    _check_credentials(options, root)
    files = installed_files(options, timers)
    gone = sorted(_manifest(root) - files.keys())
    units = sorted(Path(path).name for path in files if path.endswith(".timer"))
    return [
        *_stop([Path(path).name for path in gone], root),
        *(RemoveFile(_under(root, path)) for path in gone),
        WriteFile(_under(root, MANIFEST), "".join(f"{path}\n" for path in sorted(files))),
        *(WriteFile(_under(root, path), text) for path, text in sorted(files.items())),
        _alert_settings(options, root),
        _run(root, "systemd-sysusers", SYSTEM_USER),
        _run(root, "systemctl", "daemon-reload"),
        _run(root, "systemctl", "enable", "--now", *units),
    ]


def plan_uninstall(root: str = "/") -> list[Step]:
    """Return what `uninstall` would do, without doing it."""
    installed = sorted(_manifest(root))
    if not installed:
        return []
    return [
        *_stop([Path(path).name for path in installed], root),
        *(RemoveFile(_under(root, path)) for path in installed),
        RemoveFile(_under(root, MANIFEST)),
        RemoveEmptyFolder(_under(root, MANIFEST).parent),
        _run(root, "systemctl", "daemon-reload"),
    ]


def installed_files(options: UnitOptions, timers: Iterable[Timer]) -> Mapping[str, str]:
    """Return every file an installation owns, by its path in the system."""
    rendered = render(options, timers)
    files = {f"{UNITS}/{name}": text for name, text in rendered.items() if name.endswith((".service", ".timer"))}
    files[SYSTEM_USER] = rendered["sysusers.d/subs.conf"]
    files[ALERT_SENDER] = alert_sender().read_text("utf-8")
    return files


def alert_sender() -> Path:
    """Return where the package keeps the alert sender, which is installed as a copy."""
    return Path(__file__).with_name("subs_alert.py")


def _perform(steps: list[Step], root: str) -> list[Step]:
    if root == "/" and os.geteuid() != 0:
        raise InstallationFailed("units are installed by root: run the same command with sudo")
    for step in steps:
        try:
            step.perform()
        except OSError as error:
            raise InstallationFailed(f"could not {step}: {error.strerror}; nothing after it was done") from error
    return steps


def _check_credentials(options: UnitOptions, root: str) -> None:
    # A unit whose credential is missing fails with status 243 before it starts: better to say so now.
    missing = [path for path in options.credentials.values() if root == "/" and not os.path.exists(path)]
    if missing:
        raise InstallationFailed(f"{', '.join(missing)} does not exist: write the secret there first (root, mode 0600)")


def _manifest(root: str) -> set[str]:
    try:
        return set(_under(root, MANIFEST).read_text("utf-8").split("\n")) - {""}
    except FileNotFoundError:
        return set()


def _alert_settings(options: UnitOptions, root: str) -> Step:
    path = _under(root, ALERT_SETTINGS)
    if path.exists():
        return KeepFile(path)
    return WriteFile(path, render(options, ())["alert.conf"], mode=0o600)


def _stop(names: Iterable[str], root: str) -> list[Step]:
    timers = sorted(name for name in names if name.endswith(".timer"))
    return [_run(root, "systemctl", "disable", "--now", *timers)] if timers else []


def _run(root: str, *arguments: str) -> Step:
    return RunCommand(arguments) if root == "/" and _systemd_is_running() else TellToRun(arguments)


def _systemd_is_running() -> bool:
    """Ask as sd_booted(3) does."""
    return os.path.isdir("/run/systemd/system")


def _under(root: str, path: str) -> Path:
    return Path(root) / path.lstrip("/")
