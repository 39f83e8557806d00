"""Keep text that somebody else wrote from acting as anything but text."""

from __future__ import annotations

import re

LINE_LIMIT = 200  # characters; longer names are a mistake or an attack

_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction controls: they show a text in another order
    "\u200b\u2060\ufeff\U000e0000-\U000e007f"  # invisible, used to hide text
    "\ud800-\udfff]"  # half a character: no encoder takes it
)


def one_line(text: str, limit: int = LINE_LIMIT) -> str:
    """Return the text as one printable line of at most `limit` characters.

    Line breaks become spaces, other controls vanish; applying it twice changes nothing.
    """
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text.strip()
    # Cutting twice keeps a megabyte of controls from being scanned.
    printable = _UNPRINTABLE.sub("", _BREAKS.sub(" ", text[: limit * 10])).strip()
    return printable if len(printable) <= limit else printable[: limit - 1].rstrip() + "…"
