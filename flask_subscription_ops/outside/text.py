"""The one door for text from outside: what hooks, servers, providers and people wrote, made fit to keep and to show."""

from __future__ import annotations

import re

from ..errors import InvalidInput, SubscriptionOpsError

LINE_LIMIT = 200  # characters that people are shown of what somebody else wrote
LINE_BYTES = 8192
BYTES_A_CHARACTER = 4  # of UTF-8, at most
ELLIPSIS = "…"

_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f"
    "\u2028\u2029"  # line ends of their own
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction controls: they show a text in another order
    "\u200b\u2060\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # invisible, used to hide text
    "\ud800-\udfff]"  # half a character: no encoder takes it
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_URL_PASSWORD = re.compile(r"(://[^\s:/@]*:)\S*@")
_NAMED_SECRET = re.compile(r"\b((?:password|passwd|pwd|secret|token|api_?key)=)[^\s&;,'\"]+", re.IGNORECASE)
_ENDS = r'\s<>"(),;:'  # of a word
_MAILBOX = re.compile(
    rf'"[^"]*"@[^{_ENDS}]+'
    # A match begins where a word begins: the search stays linear however long the word.
    rf"|<?(?<![^{_ENDS}@])(?!\*\*\*@)[^{_ENDS}@]+(?:@|%40)[^{_ENDS}]+>?"
)


def clean(value: object, *, max_bytes: int = LINE_BYTES) -> str:
    """Return any object as one line that every database stores and every log, terminal and JSON reader shows.

    Line breaks become spaces, other controls vanish; what is longer than `max_bytes` of UTF-8 is cut between two
    characters and ends in "…". An object that has no text is named by its type.
    """
    text = _text_of(value)
    if len(text) <= max_bytes and text.isascii() and text.isprintable():
        return text
    # Cutting twice keeps a megabyte of controls from being scanned.
    line = UNPRINTABLE.sub("", _BREAKS.sub(" ", text[: max_bytes * BYTES_A_CHARACTER]))
    encoded = line.encode()
    if len(encoded) <= max_bytes:
        return line
    return encoded[: max_bytes - len(ELLIPSIS.encode())].decode(errors="ignore") + ELLIPSIS


def one_line(value: object, limit: int = LINE_LIMIT) -> str:
    """Return any object as one printable line of at most `limit` characters; applying it twice changes nothing."""
    return _cut(clean(value, max_bytes=limit * BYTES_A_CHARACTER), limit)


def redacted(value: object, limit: int = LINE_LIMIT) -> str:
    """Return any object as one line for people and logs: no mailbox, no password of a URL, `limit` characters."""
    line = _NAMED_SECRET.sub(r"\1***", _URL_PASSWORD.sub(r"\1***@", clean(value)))
    return _cut(_MAILBOX.sub("<address>", line), limit)


def describe(error: BaseException) -> str:
    """Return one line about any error; those of the database only by name, as their text repeats what was stored."""
    name, text = type(error).__name__, redacted(error)
    if isinstance(error, SubscriptionOpsError) and text:
        return text
    if _is_of_the_database(error) or text in ("", name):
        return redacted(name)
    return redacted(f"{name}: {text}")


def is_storable(text: str) -> bool:
    """Tell whether every database can store the text, and so whether one of them could hold it."""
    return not _UNSTORABLE.search(text)


def require_text(value: object, name: str, *, longest: int, shortest: int = 1, remedy: str = "") -> str:
    """Return an argument that is kept whole and shown as it is; raises InvalidInput for what has a flaw.

    The message says what is wrong with which argument and never repeats it, as it may be a secret.
    """
    found = flaw(value, longest=longest, shortest=shortest)
    if found:
        raise InvalidInput(f"{name} {found}{remedy and f': {remedy}'}")
    return str.__str__(value)  # a plain one, of whatever class it was given as


def flaw(value: object, *, longest: int, shortest: int = 1) -> str | None:
    """Return why a value is no string of so many characters in one line without controls, or None where it is."""
    wanted = f"must be a string of {shortest} to {longest} characters"
    if not isinstance(value, str):
        return f"{wanted}, got {clean(type(value).__name__)}"
    if not shortest <= len(value) <= longest:
        return f"{wanted}, got {len(value)}"
    if found := UNPRINTABLE.search(value):
        return f"must be one line without control characters, got U+{ord(found[0]):04X} at position {found.start()}"
    return None


def _text_of(value: object) -> str:
    try:
        return str(value)
    except Exception:
        return type(value).__name__


def _cut(line: str, limit: int) -> str:
    line = line.strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + ELLIPSIS


def _is_of_the_database(error: BaseException) -> bool:
    return any(kind.__module__.partition(".")[0] == "sqlalchemy" for kind in type(error).__mro__)
