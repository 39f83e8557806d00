"""Where and as whom the units run; everything is checked before a byte of it reaches a unit file."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ...errors import InvalidInput

GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
USER = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
APP = re.compile(r"[\w./][\w./-]*(:\w[\w.]*(\([\w'\" ,=./-]*\))?)?")
PATH = re.compile(r"(/[\w%.@+=,~-]+( +[\w%.@+=,~-]+)*)+")
CREDENTIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MAILBOX = re.compile(r"[^\s@<>,;:\"\\]+@[^\s@<>,;:\"\\]+")

PLACES = ("interpreter", "interpreter_home", "working_directory")
# What ProtectHome=yes and PrivateTmp=yes take away from a unit.
HIDDEN_FROM_UNITS = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108


@dataclass(frozen=True, kw_only=True)
class UnitOptions:
    """What the units need to know about one installation of the host's app; what cannot be written raises InvalidInput.

    `group` is what SUBS_CLI_GROUP calls the commands. `credentials` maps a credential's name to the root-only file it
    is read from (systemd.exec(5), LoadCredential=); the app finds it as a file of that name in
    `$CREDENTIALS_DIRECTORY`. `environment` is for what is not secret.
    """

    app: str = "wsgi"
    group: str = "subs"
    user: str = "subs"
    interpreter: str = field(default_factory=lambda: sys.executable)
    interpreter_home: str = field(default_factory=lambda: sys.base_prefix)
    working_directory: str = field(default_factory=os.getcwd)
    credentials: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    alert_app: str = "subscriptions"
    alert_sender: str = ""
    alert_recipients: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check(APP, "app", self.app, f"a FLASK_APP value such as wsgi or package:create_app{_stranger(self.app)}")
        _check(USER, "user", self.user, "a system user such as subs")
        if self.user == "root":
            raise InvalidInput("user must not be root: the jobs need no rights beyond their own")
        _check(GROUP, "group", self.group, "the name of a command group such as subs")
        for name in PLACES:
            _check_path(name, getattr(self, name))
        self._check_mappings()
        self._check_alert()

    @property
    def hidden(self) -> list[str]:
        """What the units could not see where they run, each as one sentence; the units can be written all the same."""
        return [
            f"{name} {getattr(self, name)} is hidden from the units, which do not see {folder}: use /opt or /srv"
            for name in PLACES
            for folder in HIDDEN_FROM_UNITS
            if PurePosixPath(getattr(self, name)).is_relative_to(folder)
        ]

    @property
    def environment_folder(self) -> str:
        """The virtual environment: two levels above its interpreter."""
        return str(PurePosixPath(self.interpreter).parent.parent)

    def _check_mappings(self) -> None:
        for name, path in self.credentials.items():
            _check(CREDENTIAL, "credential", name, "a name such as database-url")
            _check_path(f"credential {name}", path)
        for name, value in self.environment.items():
            _check(VARIABLE, "environment", name, "a variable name")
            _check_line(f"environment {name}", value)

    def _check_alert(self) -> None:
        _check_line("alert_app", self.alert_app)
        for address in filter(None, (self.alert_sender, *self.alert_recipients)):
            _check(MAILBOX, "alert address", address, "one address such as ops@example.com")


def _check(pattern: re.Pattern[str], name: str, value: str, wanted: str) -> None:
    if not pattern.fullmatch(value):
        raise InvalidInput(f"{name} must be {wanted}, got {value!r}")


def _stranger(app: str) -> str:
    """Name the first character that cannot stand in a unit's command line."""
    found = re.search(r"[^\w./:()\[\]'\" ,=-]", app)
    return f" without {found[0]!r}" if found else ""


def _check_line(name: str, value: str) -> None:
    if not value.isprintable():
        raise InvalidInput(f"{name} must be one line of printable text, got {value!r}")


def _check_path(name: str, value: str) -> None:
    _check(PATH, name, value, "an absolute path below / of letters, digits, spaces and any of % . @ + = , ~ - _")
    if value != os.path.normpath(value):
        raise InvalidInput(f"{name} must not contain empty, . or .. steps, got {value!r}")
