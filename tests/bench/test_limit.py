from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest

from bench.databases import Databases, Shape
from bench.jobs import end_state, trial_check
from bench.limit import CHUNK, end_trials, remind_trials

from ..conftest import empty_database
from ..hosts import NOON

AT_BEST = [
    ("postgresql", Shape(1000, ended=100), end_trials),
    ("postgresql", Shape(1000, reminded=True), remind_trials),
    ("sqlite", Shape(1000, reminded=True), remind_trials),
]


@pytest.mark.parametrize(("kind", "shape", "at_best"), AT_BEST)
def test_the_limit_writes_every_row_that_the_job_writes(
    tmp_path: Path, kind: str, shape: Shape, at_best: Callable[[str, datetime, int], None]
) -> None:
    with empty_database(kind, tmp_path), ExitStack() as stack:
        fresh = Databases(tmp_path, stack).fresh(kind, shape)
        states = []
        for way in (str, trial_check, lambda url: at_best(url, NOON, CHUNK)):
            with fresh() as url:
                way(url)
                states.append(end_state(url))

    untouched, by_the_job, by_the_limit = states
    assert untouched != by_the_job == by_the_limit
