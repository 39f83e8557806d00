"""How a file is put in place: whole or not at all (rename(2)), and never through a symbolic link."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from ...errors import InstallationFailed

PRIVATE = frozenset({"alert.conf"})  # a password may be written into it


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Write files by their paths inside the folder, alert.conf for its owner alone.

    A link in a file's place is replaced, one in a folder's place raises InstallationFailed, as does what cannot be
    written. The folder itself may be a link: its caller named it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            with _inner_folder(folder, PurePosixPath(name).parent) as descriptor:
                put(descriptor, PurePosixPath(name).name, text, 0o600 if name in PRIVATE else 0o644)
    except OSError as error:
        raise InstallationFailed(
            f"{error.filename or folder} in {folder} cannot be written: {error.strerror};"
            " name a folder of your own without links in it"
        ) from error


def put(folder: int, name: str, text: str, mode: int) -> None:
    """Write beside the target, then rename; `folder` is an open directory, `mode` holds whatever the umask."""
    temporary = f".{name}.{secrets.token_hex(8)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, mode)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(temporary, dir_fd=folder)
        raise


@contextmanager
def opened(folder: Path | str, flags: int = 0, within: int | None = None) -> Iterator[int]:
    """Open a directory, to work in it whatever its path comes to mean."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | flags, dir_fd=within)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _inner_folder(folder: Path, inner: PurePosixPath) -> Iterator[int]:
    if not inner.parts:
        with opened(folder) as descriptor:
            yield descriptor
        return
    with _inner_folder(folder, inner.parent) as parent:
        with suppress(FileExistsError):
            os.mkdir(inner.name, 0o755, dir_fd=parent)
        with opened(inner.name, os.O_NOFOLLOW, parent) as descriptor:
            yield descriptor
