"""When each department stated its last event, written down for the pages."""

from __future__ import annotations

import time

import structlog

from runtime.metrics import FRESHNESS_LIMIT, LAST_EVENT
from runtime.settings import Settings
from sinks.sink import Connection
from wire.contracts import contracts
from wire.freshness import NEVER, allowed_seconds, newest_records, record_counts

log = structlog.get_logger()

UPSERT = """
INSERT INTO city.freshness AS old (topic, department, last_event_at, limit_seconds, records)
VALUES (%s, %s, to_timestamp(%s / 1000.0), %s, %s)
ON CONFLICT (topic) DO UPDATE SET
    last_event_at = greatest(old.last_event_at, excluded.last_event_at),
    limit_seconds = excluded.limit_seconds,
    records = coalesce(excluded.records, old.records)
"""


def observe(settings: Settings, connection: Connection) -> None:
    """Write the time of each event topic's newest record, and how many it holds. A broker that is away changes
    nothing."""
    newest, counts = newest_records(settings), record_counts(settings)
    if unanswered := len(contracts()) - len(newest):
        log.info("freshness_not_told", topics=unanswered)
    lines, now = [], time.time_ns() // 1_000
    for topic, contract in contracts().items():
        newest_at = newest.get(topic, NEVER)
        limit = allowed_seconds(contract, newest_at, now)
        FRESHNESS_LIMIT.labels(contract.department, topic).set(limit)
        if newest_at > 0:
            LAST_EVENT.labels(contract.department, topic).set(newest_at / 1000)
        lines.append(
            (
                topic,
                contract.department,
                newest_at if newest_at > 0 else None,
                limit,
                counts.get(topic),
            )
        )
    with connection.cursor() as cursor:
        cursor.executemany(UPSERT, lines)
