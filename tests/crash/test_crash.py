from __future__ import annotations

from pathlib import Path

import pytest

from .harness import ordeal

KILLS = 8  # `make bench` kills 200 times


@pytest.mark.parametrize("mail", ["smtp", "mailjet"])
def test_killed_workers_lose_nothing_and_repeat_only_what_nobody_can_be_asked_about(
    database_url: str, tmp_path: Path, mail: str
) -> None:
    findings = ordeal(database_url, tmp_path, mail=mail, kills=KILLS, seed=20261201)

    assert findings.problems == []
