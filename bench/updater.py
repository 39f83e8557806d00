"""A host's own work: single-row updates, one after the other, until the input ends; then their 99th percentile."""

from __future__ import annotations

import random
import select
import sys
import time

from sqlalchemy import create_engine, text

PAUSE = 0.002  # seconds between two requests


def main(url: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS host_companies (id integer PRIMARY KEY, visits integer)"))
        connection.execute(
            text("INSERT INTO host_companies SELECT n, 0 FROM generate_series(1, 1000) n ON CONFLICT DO NOTHING")
        )
        print("ready", flush=True)
        taken = []
        while not select.select([sys.stdin], [], [], PAUSE)[0]:
            began = time.perf_counter()
            statement = text("UPDATE host_companies SET visits = visits + 1 WHERE id = :id")
            connection.execute(statement, {"id": random.randint(1, 1000)})
            taken.append(time.perf_counter() - began)
    print(sorted(taken)[len(taken) * 99 // 100])


if __name__ == "__main__":
    main(sys.argv[1])
