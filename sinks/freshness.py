"""When each department was last heard of: asked from the broker, not counted event by event."""

from __future__ import annotations

from functools import lru_cache

import structlog
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from runtime.contracts import contracts
from runtime.metrics import FRESHNESS_LIMIT, LAST_EVENT
from runtime.settings import Settings
from sinks.sink import Connection

log = structlog.get_logger()

PATIENCE_S = 5.0
UPSERT = """
INSERT INTO city.freshness AS old (topic, department, last_event_at, limit_seconds)
VALUES (%s, %s, to_timestamp(%s / 1000.0), %s)
ON CONFLICT (topic) DO UPDATE SET
    last_event_at = greatest(old.last_event_at, excluded.last_event_at), limit_seconds = excluded.limit_seconds
"""


def observe(settings: Settings, connection: Connection) -> None:
    """Write the time of each event topic's newest record. A broker that is away changes nothing."""
    known = contracts()
    asked = {
        TopicPartition(settings.topic_prefix + topic, number): OffsetSpec.max_timestamp()  # type: ignore[no-untyped-call]
        for topic in known
        for number in range(settings.partitions)
    }
    newest: dict[str, int] = {}
    for where, future in (
        _admin(tuple(settings.kafka_client().items())).list_offsets(asked, request_timeout=PATIENCE_S).items()
    ):
        try:
            at = future.result(PATIENCE_S).timestamp
        except KafkaException as away:
            log.info("freshness_not_asked", topic=where.topic, partition=where.partition, reason=away.args[0].name())
            continue
        topic = where.topic.removeprefix(settings.topic_prefix)
        newest[topic] = max(at, newest.get(topic, -1))
    for topic, contract in known.items():
        FRESHNESS_LIMIT.labels(contract.department, topic).set(contract.freshness_seconds)
        if newest.get(topic, -1) > 0:
            LAST_EVENT.labels(contract.department, topic).set(newest[topic] / 1000)
    with connection.cursor() as cursor:
        cursor.executemany(
            UPSERT,
            [
                (
                    topic,
                    contract.department,
                    at if (at := newest.get(topic, -1)) > 0 else None,
                    contract.freshness_seconds,
                )
                for topic, contract in known.items()
            ],
        )


@lru_cache(maxsize=2)
def _admin(client: tuple[tuple[str, str | int | float | bool], ...]) -> AdminClient:
    return AdminClient(dict(client))
