"""The guided tour: the real commands, one after the other, on a database of their own."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import click

from .seed import PASSWORD, STAFF
from .shell import WSGI, Shell
from .situations import a_company_with

COMPANIES = 300
MARK = ".demo"  # in a folder that a demo made, and the next one may remove
NEEDS_A_PERSON, STOPPED = 1, 4  # exit codes of `flask subs`


class Tour:
    """One run of trial-check over generated companies, from the empty database to the stopped workspaces."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "SAAS_INSTANCE": str(folder),
            "SUBS_DEPLOYMENT": "demo",
            "SUBS_ALLOW_TIME_TRAVEL": "1",
        }
        self.shell = Shell(self.environment)

    def walk(self) -> None:
        """Tell the whole story; an exit code that does not belong to it ends the tour."""
        self._move_in()
        self._look_before()
        self._meet_the_brake()
        self._run_again()
        self._look_after()
        self._suggest()

    def _move_in(self) -> None:
        _chapter("A host moves in with 300 companies")
        self._make_anew()
        self.shell.flask("db", "upgrade")
        self.shell.flask("demo", "seed", "--companies", str(COMPANIES))

    def _make_anew(self) -> None:
        mark = self.folder / MARK
        if mark.exists():
            shutil.rmtree(self.folder)
        elif self.folder.exists() and any(self.folder.iterdir()):
            raise click.ClickException(f"{self.folder} is no demo's folder, and it is not empty: name another one")
        self.folder.mkdir(parents=True, exist_ok=True)
        mark.touch()

    def _look_before(self) -> None:
        _chapter("What would happen now? A dry run writes nothing")
        self._trial_check("--dry-run")

    def _meet_the_brake(self) -> None:
        _chapter("The real run meets the brake")
        said = self._trial_check(expect=STOPPED)
        _say(
            "More trials end at once than usual: a long weekend without the server, or an import with wrong dates?",
            "Nothing was written, nothing was sent. A person looks, and repeats the command with its token:",
        )
        self._trial_check("--confirm", _token(said), expect=NEEDS_A_PERSON)
        _say(
            "Exit code 1, because two addresses are no addresses and need a person. All the others were served;",
            "who has no admin was stopped without an email; where it is not nine o'clock yet, the reminder waits.",
        )

    def _run_again(self) -> None:
        _chapter("The same run once more: nobody is written to twice")
        self._trial_check()

    def _look_after(self) -> None:
        _chapter("What has happened")
        self.shell.flask("demo", "summary")
        self.shell.flask("subs", "status")
        self.shell.flask("subs", "show", str(a_company_with("trial ended yesterday", COMPANIES)))
        self._show_an_email()

    def _show_an_email(self) -> None:
        path, email = next((path, email) for path, email in self._emails() if email["subject"].isascii())
        body = email.get_body(("plain",))
        text = body.get_content() if body else ""
        _say(f"Every email is a file. {path}:", "", *_quoted([f"Subject: {email['subject']}", "", *text.splitlines()]))

    def _emails(self) -> Iterator[tuple[Path, EmailMessage]]:
        for path in sorted((self.folder / "mail").glob("trial-reminder_*.eml")):
            yield path, message_from_bytes(path.read_bytes(), EmailMessage, policy=policy.default)

    def _suggest(self) -> None:
        _chapter("What to try next")
        settings = " ".join(f"{name}={value}" for name, value in self.environment.items())
        activate = Path(sys.prefix) / "bin" / "activate"
        in_3_days = datetime.now(timezone.utc) + timedelta(days=3)
        _say(
            *([f". {activate}"] if activate.exists() else []),
            f"export FLASK_APP={WSGI} {settings}",
            "",
            f"flask run                  # log in as {STAFF}, or as the recipient of any email: {PASSWORD}",
            "flask subs outbox list     # the emails that need a person, and those that wait",
            "flask subs audit           # every change, one line each",
            f"flask subs trial-check --as-of {in_3_days:%Y-%m-%dT%H:%MZ} --dry-run    # who is due in three days",
        )

    def _trial_check(self, *options: str, expect: int = 0) -> str:
        return self.shell.flask("subs", "trial-check", *options, expect=expect)


def _chapter(title: str) -> None:
    click.secho(f"\n== {title}", fg="cyan", bold=True)


def _say(*lines: str) -> None:
    click.echo("\n" + "\n".join(f"  {line}".rstrip() for line in lines))


def _quoted(lines: Iterable[str]) -> list[str]:
    return [f"| {line}".rstrip() for line in lines]


def _token(said: str) -> str:
    found = re.search(r"--confirm[ =](\S+)", said)
    if found is None:
        raise click.ClickException("the run printed no --confirm token")
    return found[1]
