from __future__ import annotations

from pathlib import Path

from .harness import ordeal

KILLS = 16  # `make bench` kills 200 times


def test_killed_workers_lose_nothing_and_repeat_at_most_one_email_each(database_url: str, tmp_path: Path) -> None:
    findings = ordeal(database_url, tmp_path, kills=KILLS, seed=20261201)

    assert findings.problems == []
    assert findings.repeated_emails <= findings.kills
