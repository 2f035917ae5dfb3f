"""When a file was first published here: what orders two files whose statements bear the same recording time.

The topic `publications.<department>` remembers it by the SHA-256 of department and bytes, so it is the same from
whichever machine or container the file is published (docs/decisions/0022-wire.md).
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from producers.publish.publisher import NotDelivered, PublishRefused
from runtime.settings import Settings
from runtime.topic_reader import TopicUnreadable, records
from wire.topics import PUBLICATIONS, PUBLICATIONS_OF_ALL

NUMBER_BITS = 31
PATIENCE_S = 30.0
TEN_YEARS_S = 10 * 366 * 86_400
DIGITS = re.compile(b"[0-9]{1,18}")


def sequence_of(seconds: int, number: int) -> int:
    """The sequence of the statement with this number (a line, an outbox's row) among those of an instant (seconds since
    1970 UTC)."""
    return seconds << NUMBER_BITS | number & (1 << NUMBER_BITS) - 1


def first_seen(settings: Settings, department: str, file: Path, *, rehearsal: bool = False) -> int:
    """When the file was first published, in seconds since 1970 UTC: noted now if it never was, except in a `rehearsal`.
    No two files of a department that are published one after the other have the same second; one that comes later has
    a greater one, also if the clock was turned back in between.

    Raises PublishRefused, NotDelivered.
    """
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256")
    digest.update(department.encode())
    key, topic = digest.hexdigest().encode(), settings.topic_prefix + PUBLICATIONS + department
    known: dict[bytes, int] = {}
    try:
        for place in (settings.topic_prefix + PUBLICATIONS_OF_ALL, topic):
            for noted, seconds in _noted(settings, place):
                known.setdefault(noted, seconds)
        if key not in known:
            known[key] = max(int(time.time()), max(known.values(), default=0) + 1)
            if not rehearsal:
                _note(settings, topic, key, known[key])
    except TopicUnreadable as unreadable:
        raise PublishRefused(str(unreadable)) from None
    except KafkaException as away:
        raise PublishRefused(
            f"Topic {topic} cannot be used: {away.args[0].str()}. Look at `citygrid status`, then publish again."
        ) from None
    return known[key]


def _noted(settings: Settings, topic: str) -> Iterator[tuple[bytes, int]]:
    """What the topic holds now: (key, seconds). A department's own programs write there: a note that is no time would
    stand in the way of all others, and one that lies too far ahead leave no room for later ones. Raises
    TopicUnreadable."""
    latest = int(time.time()) + TEN_YEARS_S
    for record in records(settings, topic, patience=PATIENCE_S):
        key, value = record.key(), record.value()
        if isinstance(key, bytes) and isinstance(value, bytes) and DIGITS.fullmatch(value) and int(value) <= latest:
            yield key, int(value)


def _note(settings: Settings, topic: str, key: bytes, seconds: int) -> None:
    refused: list[KafkaError] = []
    producer = Producer({**settings.kafka_client(), "enable.idempotence": True, "log_level": 2})

    def delivered(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            refused.append(error)

    producer.produce(topic, str(seconds).encode(), key, on_delivery=delivered)
    if producer.flush(PATIENCE_S) or refused:
        raise NotDelivered(f"Topic {topic} did not take a note of the file. Publish it again: nothing doubles.")
