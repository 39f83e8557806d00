"""What a dry run would do, in the words of people."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

Planned = Mapping[str, Any]  # one row of `planned` in a report

SHOWN = 20  # that a person sees; --json has them all
VERBS = {
    "trial_ended": "end",
    "canceled": "cancel",
    "trial_reminder": "remind",
    "suspend_workspaces": "stop the workspaces of",
    "resume_workspaces": "start the workspaces of",
    "alert": "send",
}


def lines(planned: Sequence[Planned]) -> Iterator[str]:
    """Yield a line for each thing that would be done, account by account; above a long list, how many of each kind."""
    ordered = sorted(planned, key=_account)
    if len(ordered) > SHOWN:
        for (verb, what), count in Counter((_verb(one), _what(one)) for one in ordered).items():
            yield f"would {verb} {count}: {what}"
    for one in ordered[:SHOWN]:
        yield _would(one)
    if len(ordered) > SHOWN:
        yield f"... and {len(ordered) - SHOWN} more; --json lists them all"


def _would(one: Planned) -> str:
    account = f" (account {one['account']})" if one["account"] is not None else ""
    effects = [key.partition(":")[0].replace("-", "_") for key in one["effects"]] if "to" in one else one["effects"]
    brackets = f" [{', '.join(effects)}]" if effects else ""
    return f"would {_verb(one)} {one['subject']}{account}: {_what(one)}{brackets}"


def _verb(one: Planned) -> str:
    return VERBS.get(one["cause"], "change" if "to" in one else "email")


def _what(one: Planned) -> str:
    return f"{one['from']} -> {one['to']}" if "to" in one else str(one["cause"])


def _account(one: Planned) -> list[tuple[int, str]]:
    """Return by what accounts stand in the order that people expect: 7 before 10."""
    words, numbers = re.split("[0-9]+", one["account"] or ""), re.findall("[0-9]+", one["account"] or "")
    values = [(len(number), number) for number in (number.lstrip("0") for number in numbers)]
    return [part for pair in zip_longest(((0, word) for word in words), values, fillvalue=(0, "")) for part in pair]
