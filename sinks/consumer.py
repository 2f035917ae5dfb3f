"""A sink's Kafka consumer. Offsets are PostgreSQL's, so Kafka keeps none for us and none is stored by itself."""

from __future__ import annotations

from typing import Any

from confluent_kafka import Consumer, KafkaError

from runtime.reader_positions import GROUPS
from runtime.settings import Settings

#: librdkafka's own retries deal with these; they are told, not fatal.
WAITED_FOR = {
    KafkaError._TRANSPORT,  # noqa: SLF001 - librdkafka's names
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
    KafkaError._RESOLVE,  # noqa: SLF001
    KafkaError._TIMED_OUT,  # noqa: SLF001
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.NOT_COORDINATOR,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.UNKNOWN_TOPIC_ID,
}


def group_of(settings: Settings, name: str) -> str:
    """The consumer group of the sink `name`."""
    return f"{settings.topic_prefix}{GROUPS}sink-{name}"


def consumer_of(settings: Settings, group: str) -> Consumer:
    """A consumer of `group` that reads what is committed, from the beginning where nothing else is said."""
    client: dict[str, Any] = {
        **settings.kafka_client(),
        "group.id": group,
        "group.protocol": settings.group_protocol,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "topic.metadata.refresh.interval.ms": 5_000,
        "allow.auto.create.topics": False,
        "queued.max.messages.kbytes": 32_768,
    }
    if settings.group_protocol == "consumer":
        client["group.remote.assignor"] = "range"
    return Consumer(client)
