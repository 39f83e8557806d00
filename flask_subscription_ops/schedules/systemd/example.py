"""The installation that the documentation and the repository's `systemd/` folder describe."""

from __future__ import annotations

from .options import UnitOptions

EXAMPLE = UnitOptions(
    app="wsgi",
    user="subs",
    interpreter="/opt/app/venv/bin/python",
    interpreter_home="/usr",
    working_directory="/opt/app",
    credentials={"database-url": "/etc/subs/database-url", "secret-key": "/etc/subs/secret-key"},
)
