"""Emails written as .eml files, one for each effect."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

from ..errors import TemporaryFailure
from .base import Email, Outcome, Verdict
from .mime import to_bytes

if TYPE_CHECKING:
    from ..settings import Settings

NAME_LIMIT = 200  # bytes; file systems stop at 255
UNFINISHED = (".subs-email-", ".tmp")  # how the name of a file begins and ends while it is written
ABANDONED_SECONDS = 3600


class FileTransport:
    """Writes into SUBS_MAIL_DIR, which is relative to the app's folder; a repeated effect replaces its own file."""

    name = "file"
    batch_size = 1
    connections = 1

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.directory = Path(app.root_path, settings.mail_dir or "")

    def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
        """Write each email so that a file under its final name is always complete."""
        _sweep(self.directory)
        for email in emails:
            yield self._write(email)

    def find_accepted(self, keys: Sequence[str]) -> Mapping[str, bool]:
        """Tell which effect keys have their file."""
        return {key: self.path_of(key).exists() for key in keys}

    def check(self) -> str:
        """Make sure that the directory can be written to."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.directory).close()
        except OSError as error:
            raise TemporaryFailure(f"SUBS_MAIL_DIR {self.directory} cannot be written to: {error.strerror}") from error
        return f"emails are written to {self.directory}"

    def path_of(self, key: str) -> Path:
        """Return where the email of an effect is written."""
        if len(key) <= NAME_LIMIT and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9:.-]*", key):
            return self.directory / f"{key.replace(':', '_')}.eml"
        # Keys that differ only in characters a file name cannot have must not share a file.
        return self.directory / f"other_{hashlib.sha256(key.encode()).hexdigest()}.eml"

    def _write(self, email: Email) -> Outcome:
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self.path_of(email.key), to_bytes(email))
        except OSError as error:
            return Outcome(email, Verdict.DEFERRED, f"not written: {error.strerror}", unreachable=True)
        return Outcome(email, Verdict.ACCEPTED)


def _replace(path: Path, content: bytes) -> None:
    prefix, suffix = UNFINISHED
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=suffix)  # always 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _sweep(directory: Path) -> None:
    """Remove what writers that were killed have left behind; a link goes itself, not what it points to."""
    abandoned = time.time() - ABANDONED_SECONDS
    for path in directory.glob("*".join(UNFINISHED)):
        with suppress(OSError):
            if path.lstat().st_mtime < abandoned:
                path.unlink()
