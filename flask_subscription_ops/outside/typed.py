"""How a command of the app is typed: as the one that runs now was, and elsewhere with `flask`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Sequence

import click

BEFORE = "flask_subscription_ops.typed_before"


def typed(*words: str) -> str:
    """Return a command that can be pasted: the program and options of the one that runs, then these words."""
    context = click.get_current_context(silent=True)
    before = context.meta.get(BEFORE, "flask") if context else "flask"
    return f"{before} {in_shell(words)}"


def in_shell(words: Iterable[str]) -> str:
    """Return words as a shell reads them."""
    return " ".join(map(_quoted, words))


def remember_typed(context: click.Context, behind: Sequence[str]) -> None:
    """Keep what was typed before the command of this context, which `behind` follows."""
    place = len(sys.argv) - len(behind) - 1
    if place > 0 and sys.argv[place:] == [context.info_name, *behind]:  # not where code or a test invokes it
        program = context.find_root().info_name or "flask"
        context.meta[BEFORE] = f"{program} {in_shell(sys.argv[1:place])}".rstrip()


def _quoted(word: str) -> str:
    if "'" in word and not set(word) & set('"$`\\!'):
        return f'"{word}"'  # easier to read than what shlex makes of it
    return shlex.quote(word)
