from __future__ import annotations

import os
from pathlib import Path

from .harness import kill_worker, running, start_worker
from .shop import Site


def test_the_id_of_a_killed_worker_goes_to_no_other_process_while_it_may_be_killed(tmp_path: Path) -> None:
    site = Site("sqlite://", str(tmp_path), "smtp", mail_port=1)
    with running("tests.crash.nursery", site.to_json()) as nursery:
        worker = start_worker(nursery)
        for _ in range(2):
            kill_worker(nursery, worker)

            os.kill(worker, 0)
