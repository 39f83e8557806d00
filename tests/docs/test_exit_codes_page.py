"""docs/reference/exit-codes.md tells which commands answer with 1, and each of them does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from flask_subscription_ops.models import AuditEntry
from flask_subscription_ops.testing import Verdict

from ..hosts import NOON, Host, days
from .pages import code, read, rows

PAGE = "reference/exit-codes.md"


def a_refused_email(host: Host, folder: Path) -> None:
    host.script(Verdict.REFUSED)
    host.trial(begun=NOON - days(15))


def a_rewritten_entry(host: Host, folder: Path) -> None:
    host.trial()
    host.db.session.execute(update(AuditEntry.__table__).values(to_status="active"))
    host.db.session.commit()


def a_broken_template(host: Host, folder: Path) -> None:
    (folder / "subscription_ops/mail").mkdir(parents=True)
    (folder / "subscription_ops/mail/trial_reminder.txt").write_text("{{ nothing.at }}")
    host.app.template_folder = str(folder)
    host.app.jinja_loader.searchpath[:] = [str(folder)]


def nothing(host: Host, folder: Path) -> None:
    pass


ANSWERS: dict[str, tuple[Callable[[Host, Path], None], str]] = {
    "trial-check": (a_refused_email, "trial-check --as-of 2026-12-20T00:00:00Z"),
    "deliver": (a_refused_email, "deliver --as-of 2026-12-20T00:00:00Z"),
    "show": (nothing, "show nobody"),
    "audit --verify": (a_rewritten_entry, "audit --verify"),
    "audit --account": (nothing, "audit --account nobody"),
    **{verb: (nothing, f"{verb} nobody") for verb in ("cancel", "resume", "pause", "unpause")},
    "extend": (nothing, "extend nobody 3"),
    "mail preview": (a_broken_template, "mail preview trial_reminder"),
    "doctor": (nothing, "doctor"),
}


@pytest.mark.parametrize("command", ANSWERS)
def test_the_command_answers_with_1(sqlite_host: Host, tmp_path: Path, command: str) -> None:
    prepare, words = ANSWERS[command]
    prepare(sqlite_host, tmp_path)

    done = sqlite_host.app.test_cli_runner().invoke(args=["subs", *words.split()])

    assert done.exit_code == 1, done.output


def test_the_page_names_these_and_no_other() -> None:
    listed = [command for row in rows(read(PAGE)) if len(row) == 2 for command in code(row[0]) or [row[0]]]

    assert sorted(listed) == sorted(ANSWERS)
