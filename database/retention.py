"""What PostgreSQL keeps for a while only. The periods lie in its table `city.kept` (migration 0012), read there and by
`docs/retention.md`, by test; what is older goes by `city.forget`, a bounded number at a time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]


class Held(NamedTuple):
    """What `city.forget` knows by the name `what`: after how long it goes, since when that counts, what it is."""

    what: str
    after: str
    since: str
    means: str


HELD = (
    Held("feed", "1 day", "it was written", "lines of the live stream: which alert or task changed, and where"),
    Held("outbox", "7 days", "Kafka has it", "what people stated in the pages, on its way to Kafka"),
    Held(
        "case",
        "5 years",
        "its finding was resolved and its last task or observation",
        "an alert with its tasks, their history, notes and observations",
    ),
    Held(
        "report",
        "90 days",
        "it was declined",
        "what was reported by a door plate, with its photo; accepted: with its case",
    ),
)


def forget(connection: Connection, what: str, as_of: datetime, most: int) -> int:
    """Delete at most `most` of what is too old as of `as_of`; how many went."""
    row = connection.execute("SELECT city.forget(%s, %s, %s)", (what, as_of, most)).fetchone()
    return int(row[0]) if row else 0
