"""Statements as departments send them, and what is then on a topic."""

from __future__ import annotations

import time
import uuid
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from runtime.settings import Settings
from tests.contracts.people import number

TENANCY = "housing.tenancy"


def let(index: int = 1, **more: Any) -> dict[str, Any]:
    """A flat is let by one person to another. `more` replaces fields of the statement."""
    return {
        "kind": "Let",
        "record": f"ZL-{index}",
        "subject": f"D-{index}",
        "occurred_at": "2026-03-01T08:00:00+08:00",
        "recorded_at": "2026-03-01T09:30:00.25+08:00",
        "change": {
            "landlord": number(index),
            "tenants": [number(index + 1)],
            "start": "2026-03-01",
            "until": None,
            "rooms": 2,
        },
    } | more


def on_topic(settings: Settings, topic: str) -> list[Message]:
    """Everything that is on `topic` now."""
    consumer = Consumer(
        {
            **settings.kafka_client(),
            "group.id": str(uuid.uuid4()),
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    found: list[Message] = []
    consumer.assign([TopicPartition(settings.topic_prefix + topic, part, 0) for part in range(settings.partitions)])
    waiting, deadline = set(range(settings.partitions)), time.monotonic() + 60
    try:
        while waiting:
            assert time.monotonic() < deadline
            message = consumer.poll(0.5)
            if message is None:
                continue
            error = message.error()
            if error is None:
                found.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                waiting.discard(message.partition() or 0)
    finally:
        consumer.close()
    return found


def event_id(message: Message) -> str:
    """The CloudEvents id of a record."""
    value = dict(message.headers() or [])["ce_id"]
    assert isinstance(value, bytes)
    return value.decode()
