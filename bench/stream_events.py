"""Changes alerts at a steady rate, as the sink writes them: a process of its own beside `bench/streams.py`.

`python -m bench.stream_events DSN RATE SECONDS`, the grids as JSON on its first line of input; at the end it prints how
many alerts it changed in each grid, and its processor time.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections import Counter

import psycopg

from bench.served import newly_let
from database.queries import record_alerts

BEGAN = "began at"
BATCHES_PER_S = 20


def main(dsn: str, rate: int, seconds: int) -> None:
    """A batch every 50 ms; a batch that is late is not left out."""
    grids: list[str] = json.loads(sys.stdin.readline())
    by_grid: Counter[str] = Counter()
    late = 0.0
    with psycopg.connect(dsn) as connection:
        doors = connection.execute(
            "SELECT dwelling, place FROM city.placement WHERE place = ANY (%s) ORDER BY md5(dwelling)", (grids,)
        ).fetchall()
        connection.rollback()
        began = time.monotonic()
        for batch in range(seconds * BATCHES_PER_S):
            early = began + batch / BATCHES_PER_S - time.monotonic()
            if early > 0:
                time.sleep(early)
            late = max(late, -early)
            first = batch * (rate // BATCHES_PER_S)
            some = [(number, *doors[number % len(doors)]) for number in range(first, first + rate // BATCHES_PER_S)]
            record_alerts(connection, [_alert(number, dwelling) for number, dwelling, _ in some])
            connection.execute("NOTIFY city_feed")
            connection.commit()
            by_grid.update(place for _, _, place in some)
    spent = time.process_time()
    line = {"events": by_grid.total(), "by_grid": by_grid, "cpu_s": round(spent, 1), "late_ms": round(late * 1000)}
    sys.stdout.write(json.dumps(line) + "\n")


def _alert(number: int, dwelling: str) -> dict[str, object]:
    """The next record about the door's own finding; it stays open."""
    return newly_let(
        dwelling,
        finding_id=uuid.uuid5(uuid.NAMESPACE_OID, dwelling),
        why_zh="新出租",
        why_en=f"{BEGAN} {time.monotonic_ns()}",
        version=number,
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
