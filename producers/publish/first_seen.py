"""When a file was first published here: what orders two files whose statements bear the same recording time.

The topic `publications` remembers it by the SHA-256 of department and bytes, so it is the same from whichever machine
or container the file is published (docs/decisions/0022-wire.md).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from producers.publish.publisher import NotDelivered, PublishRefused
from runtime.settings import Settings
from wire.topics import PUBLICATIONS

NUMBER_BITS = 31
PATIENCE_S = 30.0


def sequence_of(seconds: int, number: int) -> int:
    """The sequence of the statement with this number (a line, an outbox's row) among those of an instant (seconds since
    1970 UTC)."""
    return seconds << NUMBER_BITS | number & (1 << NUMBER_BITS) - 1


def first_seen(settings: Settings, department: str, file: Path) -> int:
    """When the file was first published, in seconds since 1970 UTC: noted now if it never was. No two files have the
    same second; a file that comes later has a greater one, also if the clock was turned back in between.

    Raises PublishRefused, NotDelivered.
    """
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256")
    digest.update(department.encode())
    key, topic = digest.hexdigest().encode(), settings.topic_prefix + PUBLICATIONS
    known: dict[bytes, int] = {}
    try:
        for noted, seconds in _noted(settings, topic):
            known.setdefault(noted, seconds)
        if key not in known:
            known[key] = max(int(time.time()), max(known.values(), default=0) + 1)
            _note(settings, topic, key, known[key])
    except KafkaException as away:
        raise PublishRefused(
            f"Topic {topic} cannot be used: {away.args[0].str()}. Look at `citygrid status`, then publish again."
        ) from None
    return known[key]


def _noted(settings: Settings, topic: str) -> Iterator[tuple[bytes, int]]:
    """What the topic holds now: (key, seconds)."""
    consumer = Consumer(
        {
            **settings.kafka_client(),
            "group.id": f"{settings.topic_prefix}citygrid-publications",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "log_level": 2,
        }
    )
    try:
        there = consumer.list_topics(topic, timeout=PATIENCE_S).topics[topic]
        if there.error is not None:
            raise PublishRefused(f"The cluster has no topic {topic}: run `citygrid up`, which makes the topics.")
        marks = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), PATIENCE_S) for p in there.partitions}
        left = {p: end for p, (begin, end) in marks.items() if end > begin}
        consumer.assign([TopicPartition(topic, p, marks[p][0]) for p in left])
        deadline = time.monotonic() + PATIENCE_S
        while left:
            if time.monotonic() > deadline:
                raise PublishRefused(f"Topic {topic} gives nothing to read for {PATIENCE_S:.0f} s; publish again.")
            for message in consumer.consume(1_000, 0.1):
                key, value = message.key(), message.value()
                if message.error() is None and isinstance(key, bytes) and isinstance(value, bytes):
                    deadline = time.monotonic() + PATIENCE_S
                    yield key, int(value)
            for at in consumer.position([TopicPartition(topic, p) for p in left]):
                if at.offset >= left[at.partition]:
                    del left[at.partition]
    finally:
        consumer.close()


def _note(settings: Settings, topic: str, key: bytes, seconds: int) -> None:
    producer = Producer({**settings.kafka_client(), "enable.idempotence": True, "log_level": 2})
    producer.produce(topic, str(seconds).encode(), key)
    if producer.flush(PATIENCE_S):
        raise NotDelivered(f"Topic {topic} did not take a note of the file. Publish it again: nothing doubles.")
