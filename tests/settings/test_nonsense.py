"""Whatever stands in a key, it is taken, or one sentence names the key and what is right."""

from __future__ import annotations

import re
from typing import Any

import pytest

from flask_subscription_ops.errors import ConfigurationError
from flask_subscription_ops.extension import ROOMS
from flask_subscription_ops.settings import KEYS, read_settings

NONSENSE: dict[str, Any] = {
    "nothing": None,
    "empty": "",
    "blank": "  ",
    "too long": "x" * 70_000,
    "a huge number": 10**30,
    "a number too long to print": 10**5000,
    "a negative number": -1,
    "no whole number": 0.5,
    "no number": float("nan"),
    "a flag": True,
    "a quoted number": "14",
    "a word": "nonsense",
    "what terminals obey": "a\x1b[31mb",
    "a line break": "a\nb",
    "half a character": "\udcff",
    "a picture": "💥",
    "per cent": "50%",
    "quotes": "'\"",
    "a slash": "/",
    "words with a comma": "a,b",
    "bytes": b"x",
    "a list of nothing": [],
    "a list of lists": [[1]],
    "a list of pictures": ["💥"],
    "a list that repeats": ["smtp", "smtp"],
    "a mapping": {"a": 1},
    "a function": len,
}
RIGHT = re.compile(
    r"must (be|have|name) .+|needs .+|names .+(: use|, which needs) .+|is not a known time zone, .+: write one .+"
    r"|holds a line break .+: remove it|is a placeholder: put .+|cannot be used, .+: write .+"
    r"|must be below half of SUBS_LEASE_SECONDS .+: raise .+|.* is longer than SUBS_GRACE_DAYS .+"
)


@pytest.mark.parametrize("name", ["plans", *KEYS])
def test_nonsense_is_taken_or_told_in_a_sentence_with_what_is_right(name: str) -> None:
    key = f"SUBS_{name.upper()}"

    for called, value in NONSENSE.items():
        for problem in problems_of(key, value):
            assert key in problem, called
            told = problem.partition(key)[2].lstrip("[]'\"a-z: ") if name == "plans" else problem.partition(key)[2]
            assert RIGHT.search(told), f"{called}: {problem}"
            assert problem.isprintable(), called
            assert len(problem) < 400, called


def problems_of(key: str, value: Any) -> tuple[str, ...]:
    try:
        read_settings({key: value}, ROOMS)
    except ConfigurationError as refused:
        return refused.problems
    return ()


def test_quotes_are_blamed_only_where_what_they_hold_would_do() -> None:
    [wrong], [quoted] = problems_of("SUBS_TRIAL_DAYS", "soon"), problems_of("SUBS_TRIAL_DAYS", "14")

    assert wrong == "SUBS_TRIAL_DAYS must be a whole number from 1 to 3650, got 'soon'"
    assert quoted == "SUBS_TRIAL_DAYS must be a whole number from 1 to 3650, got '14': write it without quotes"
