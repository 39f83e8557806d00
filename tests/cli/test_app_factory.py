"""An app whose factory raises ConfigurationError, before any command of ours is reached."""

from __future__ import annotations

import pytest

from .conftest import Shop

NOT_SET_UP = (
    "Error: flask-subscription-ops is not set up:",
    "  - SUBS_SEND_HOUR",
    "  - SUBS_TRIAL_DAY ",
)


@pytest.mark.parametrize(
    "line", ["flask subs status", "flask subs deliver --json", "flask subs trial-check --dry-run", "flask routes"]
)
def test_every_problem_is_one_line_with_its_remedy_and_no_traceback(shop: Shop, line: str) -> None:
    shop.config = {"SUBS_TRIAL_DAY": 3, "SUBS_SEND_HOUR": 99}

    ended = shop.shell(line)

    told = sorted(ended.stderr.splitlines(), key=lambda told: (told.startswith("  - "), told))
    assert (ended.returncode, ended.stdout, len(told)) == (3, "", len(NOT_SET_UP))
    assert all(told_line.startswith(begins) for told_line, begins in zip(told, NOT_SET_UP, strict=True))
