"""What the bench prints, and the goals that are counted and not timed."""

from __future__ import annotations

import json

import pytest

from bench.__main__ import main
from bench.measure import Verdict, table

VERDICTS = [
    Verdict("P1", "expire 1,000 of 10,000 / limit", 1.4, 1.4, limit=0.0562),
    Verdict("P10", "emails a second / one a call", 2.5, 3, at_least=True, note="1,234/s"),
]


def test_the_table_tells_each_goal_what_is_now_and_the_limits_own_time() -> None:
    assert table(VERDICTS).splitlines() == [
        "P    goal     now     limit          what",
        "P1   <= 1.4  1.40  0.0562 s  met     expire 1,000 of 10,000 / limit",
        "P10  >= 3    2.50            MISSED  emails a second / one a call",
    ]


def test_what_a_chunk_costs_is_counted_and_keeps_its_goals(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--size", "10k", "--repeats", "1", "--only", "P3", "--json"]) == 0

    verdicts = json.loads(capsys.readouterr().out)
    assert {verdict["goal"] for verdict in verdicts} == {"P3"}
    assert [verdict for verdict in verdicts if not verdict["is_met"]] == []


@pytest.mark.parametrize("option", ["--size", "--only"])
def test_what_is_not_measured_is_wrong_usage(capsys: pytest.CaptureFixture[str], option: str) -> None:
    with pytest.raises(SystemExit):
        main([option, "P99"])

    assert "P99 is none of " in capsys.readouterr().err
