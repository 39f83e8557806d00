"""How a secret is read, from its key or from a file; no error repeats any of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..errors import InvalidInput
from .values import BYTE_ORDER_MARK, Read, refuse_unprintable

SHORTEST = 8
PLACEHOLDER = re.compile(
    r"<.*>|\$?\{.*\}"
    r"|.*(change|replace)[ _-]?(me|this).*"
    r"|your[ _-].*"
    r"|(secret|password\d*|passwd\d*|example|placeholder|todo|x{3,31})\W*",
    re.IGNORECASE | re.DOTALL,
)


def secret(shortest: int = SHORTEST) -> Read:
    """Read a secret of at least so many characters that is no placeholder."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not value:
            raise InvalidInput(f"must be text in quotes that is not empty, got {type(value).__name__}")
        refuse_unprintable(value)
        if not value.isascii() or value != value.strip():
            raise InvalidInput("must be printable ASCII without white space around it: copy it again")
        if PLACEHOLDER.fullmatch(value):
            raise InvalidInput("is a placeholder: put the real secret there")
        if len(value) < shortest:
            raise InvalidInput(f"needs at least {shortest} characters: generate it at random")
        return value

    return read


def read_file(path: Any, *, several: bool) -> str | list[str]:
    """Read the secret in a file, or one a line; the path is not repeated, as it may be the secret itself."""
    try:
        text = Path(path).read_text("utf-8").removeprefix(BYTE_ORDER_MARK).strip()
    except OSError as error:
        raise InvalidInput(f"names a file that cannot be read: {error.strerror or type(error).__name__}") from None
    except (TypeError, ValueError):
        raise InvalidInput("must be the path of a text file in UTF-8") from None
    if not text:
        raise InvalidInput("names a file that is empty")
    return [line.strip() for line in text.split("\n") if line.strip()] if several else text
