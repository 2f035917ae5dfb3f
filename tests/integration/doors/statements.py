"""Statements as departments send them, and what is then on a topic."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime.settings import Settings
from tests.contracts.people import number

TENANCY = "housing.tenancy"
SWIPES = "door-access.swipe"
PRESSES = "bracelet.button"
_BEGINS: dict[tuple[str, int], int] = {}
"""Topic and partition → offset at which the test began."""


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


def begin(settings: Settings, topics: Iterable[str]) -> None:
    """From here on `on_topic` tells what comes after what is on the topics now."""
    consumer = _consumer(settings)
    try:
        for topic in topics:
            for part in range(settings.partitions):
                where = settings.topic_prefix + topic, part
                _BEGINS[where] = _end(consumer, TopicPartition(*where))
    finally:
        consumer.close()


def _end(consumer: Consumer, where: TopicPartition) -> int:
    """A partition that was made a moment ago has no leader yet: it is asked again."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return int(consumer.get_watermark_offsets(where, 30)[1])
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            consumer.poll(0.1)


def _consumer(settings: Settings) -> Consumer:
    return Consumer(
        {
            **settings.kafka_client(),
            "group.id": str(uuid.uuid4()),
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )


def on_topic(settings: Settings, topic: str) -> list[Message]:
    """Everything that has come to `topic` since the test began."""
    consumer = _consumer(settings)
    messages: list[Message] = []
    wheres = [(settings.topic_prefix + topic, part) for part in range(settings.partitions)]
    consumer.assign([TopicPartition(*where, _BEGINS.get(where, 0)) for where in wheres])
    waiting, deadline = set(range(settings.partitions)), time.monotonic() + 60
    try:
        while waiting:
            assert time.monotonic() < deadline
            message = consumer.poll(0.5)
            if message is None:
                continue
            error = message.error()
            if error is None:
                messages.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                waiting.discard(message.partition() or 0)
    finally:
        consumer.close()
    return messages


def event_id(message: Message) -> str:
    """The CloudEvents id of a record."""
    value = dict(message.headers() or [])["ce_id"]
    assert isinstance(value, bytes)
    return value.decode()
