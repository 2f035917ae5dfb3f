"""What PostgreSQL keeps for a while only. The periods lie in its table `city.kept` (migrations/0024.retention.sql),
read there and by `docs/retention.md`, by test; what is older goes by `city.forget`, a bounded number at a time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]


class Held(NamedTuple):
    """What `city.forget` (reports: `city.forget_reports`) knows by the name `what`: after how long it goes, since when
    that counts, what it is."""

    what: str
    after: str
    since: str
    means: str


REPORT = "report"
HELD = (
    Held("feed", "1 day", "it was written", "lines of the live stream: which alert or task changed, and where"),
    Held("outbox", "7 days", "Kafka has it", "what people stated in the pages, on its way to Kafka"),
    Held(
        "case",
        "5 years",
        "its finding was resolved and its last task or observation",
        "an alert with its tasks, their history, notes, observations, photos, instructions' marks, results for "
        "departments, questions to them and their answers",
    ),
    Held(
        "silence",
        "5 years",
        "it ended, and the last case that it silenced is gone",
        "a silence: rule, area, reason, who",
    ),
    Held("shift", "1 year", "it ended", "a line of the roster: who served which grid when, with its note"),
    Held("heartbeat", "30 days", "it came", "when a grid worker's tablet was heard of last; its position: ten minutes"),
    Held(
        "report",
        "90 days",
        "it was declined",
        "what was reported by a door plate, with its photo; accepted: with its case",
    ),
)


class OldReport(NamedTuple):
    """A report that is kept no longer, and the name of its photo in the store."""

    id: UUID
    photo: UUID | None


def old_reports(connection: Connection, as_of: datetime, most: int) -> list[OldReport]:
    """At most `most` reports from door plates that are too old as of `as_of`. Their photos go before them."""
    return [OldReport(*row) for row in connection.execute("SELECT * FROM city.old_reports(%s, %s)", (as_of, most))]


def forget_reports(connection: Connection, gone: list[UUID], as_of: datetime) -> int:
    """Delete those of `gone` that are too old as of `as_of`; how many went."""
    row = connection.execute("SELECT city.forget_reports(%s, %s)", (gone, as_of)).fetchone()
    return int(row[0]) if row else 0


def old_photos(connection: Connection, most: int) -> list[UUID]:
    """At most `most` photos of visits whose cases were all forgotten. They go from the store before their rows."""
    return [row[0] for row in connection.execute("SELECT city.old_photos(%s)", (most,))]


def forget_photos(connection: Connection, gone: list[UUID]) -> None:
    """Delete the rows of photos that are in the store no more."""
    connection.execute("SELECT city.forget_photos(%s)", (gone,))


def forget(connection: Connection, what: str, as_of: datetime, most: int) -> int:
    """Delete at most `most` of what is too old as of `as_of`; how many went."""
    row = connection.execute("SELECT city.forget(%s, %s, %s)", (what, as_of, most)).fetchone()
    return int(row[0]) if row else 0
