"""Kafka's part of a backup: every committed record of every topic, and how far each group of stages has read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import fastavro
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from dataplane.headers import headers_of
from local.backup import BackupFailed
from runtime import reader_positions, topic_reader
from runtime.reader_positions import Place as Place  # noqa: PLC0414 - what this module speaks of
from runtime.settings import Settings
from runtime.topic_reader import TopicUnreadable
from wire.topics import WRITTEN_AT_MOST, ensure_topics

Advance = Callable[[int], None]
PATIENCE_S = 30.0

_patiently = retry(
    retry=retry_if_exception_type(KafkaException),
    wait=wait_exponential_jitter(multiplier=0.1, max=2),
    stop=stop_after_delay(PATIENCE_S),
    reraise=True,
)
"""Again while a topic or a group that was made a moment ago has no leader or coordinator yet."""

RECORD = fastavro.parse_schema(
    {
        "type": "record",
        "name": "KafkaRecord",
        "namespace": "cn.citygrid.backup",
        "fields": [
            {"name": "offset", "type": "long"},
            {"name": "timestamp", "type": "long", "doc": "ms since 1970 UTC"},
            {"name": "key", "type": ["null", "bytes"]},
            {"name": "value", "type": ["null", "bytes"]},
            {
                "name": "headers",
                "type": {
                    "type": "array",
                    "items": {
                        "type": "record",
                        "name": "Header",
                        "fields": [{"name": "name", "type": "string"}, {"name": "value", "type": ["null", "bytes"]}],
                    },
                },
            },
        ],
    }
)


def ours(settings: Settings) -> dict[str, int]:
    """Our topics (without prefix) and how many partitions each has."""
    there = AdminClient({**settings.kafka_client()}).list_topics(timeout=PATIENCE_S).topics
    prefix = settings.topic_prefix
    return {
        name.removeprefix(prefix): len(topic.partitions)
        for name, topic in sorted(there.items())
        if name.startswith(prefix) and not name.startswith("__")
    }


def size(settings: Settings, topics: Mapping[str, int]) -> int:
    """About how many records there are: for the progress bar."""
    return sum(high - low for low, high in _ends(settings, topics).values())


def dump(settings: Settings, topics: Mapping[str, int], folder: Path, advance: Advance) -> dict[str, dict[str, int]]:
    """Write each partition's records into a file; returns how many, by topic and partition. Raises BackupFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    counts: dict[str, dict[str, int]] = {}
    for topic, partitions in sorted(topics.items(), key=_order):
        # as late as can be: what a topic is made from is copied after it
        ends = _ends(settings, {topic: partitions})
        for number in range(partitions):
            counter = _Counter(advance)
            low, high = ends[topic, number]
            # most partitions of a small city are empty: to begin reading one takes longer than to ask
            records = _records(settings, topic, number) if low < high else iter(())
            with (folder / f"{topic}-{number}.avro").open("wb") as file:
                fastavro.writer(file, RECORD, counter.over(records), "deflate")
            counts.setdefault(topic, {})[str(number)] = counter.count
    return counts


def restore(
    settings: Settings,
    counts: Mapping[str, Mapping[str, int]],
    folder: Path,
    wanted: Mapping[Place, set[int]],
    advance: Advance,
) -> dict[tuple[str, int, int], int]:
    """Write the records into empty topics, in order, into the partitions they had.

    Kafka counts them anew: transactions' markers and what was compacted away took offsets too. Returns for each offset
    `wanted` of a topic and partition what it is now: the number of records before it. Raises BackupFailed.
    """
    ensure_topics(settings)
    there = ours(settings)
    lacking = [topic for topic, partitions in counts.items() if there.get(topic) != len(partitions)]
    if lacking:
        raise BackupFailed(
            f"Topic {lacking[0]} has another number of partitions here than in the backup, or is none of this "
            "version's: set CITYGRID_PARTITIONS as it was, and restore with the version that made the backup."
        )
    if filled := size(settings, there):
        raise BackupFailed(
            f"Kafka holds {filled} records already: restore into a new state folder. Nothing was restored."
        )
    now: dict[tuple[str, int, int], int] = {}
    sender = _Sender(settings)
    for topic, partitions in counts.items():
        for text in partitions:
            number = int(text)
            open_questions = sorted(wanted.get((topic, number), set()), reverse=True)
            sent = 0
            with (folder / f"{topic}-{number}.avro").open("rb") as file:
                for record in fastavro.reader(file):
                    while open_questions and open_questions[-1] <= record["offset"]:
                        now[topic, number, open_questions.pop()] = sent
                    sender.send(topic, number, record)
                    sent += 1
                    advance(1)
            now |= {(topic, number, offset): sent for offset in open_questions}
    sender.finish()
    # by the ends: of what is old already the broker may have deleted some
    written = sum(high for _, high in _ends(settings, there).values())
    if written != sum(count for by_partition in counts.values() for count in by_partition.values()):
        raise BackupFailed("Kafka does not hold as many records as were sent: do not use it; restore again.")
    return now


def group_offsets(settings: Settings) -> dict[str, dict[str, int]]:
    """Where each of our groups reads on: group (without prefix) → `topic:partition` → offset."""
    admin, prefix = AdminClient({**settings.kafka_client()}), settings.topic_prefix
    groups: dict[str, dict[str, int]] = {}
    for group in reader_positions.groups(admin, prefix, PATIENCE_S):
        positions = reader_positions.committed(admin, group, PATIENCE_S)
        places = {f"{topic.removeprefix(prefix)}:{number}": offset for (topic, number), offset in positions.items()}
        if places:
            groups[group.removeprefix(prefix)] = places
    return groups


def set_group_offsets(settings: Settings, groups: Mapping[str, Mapping[str, int]]) -> None:
    """Let each group read on from there. No member may be running. Raises KafkaException."""
    admin, prefix = AdminClient({**settings.kafka_client()}), settings.topic_prefix
    for group, places in groups.items():
        places_now = [
            TopicPartition(prefix + place(name)[0], place(name)[1], offset) for name, offset in places.items()
        ]
        _alter(admin, ConsumerGroupTopicPartitions(prefix + group, places_now))


@_patiently
def _alter(admin: AdminClient, wanted: ConsumerGroupTopicPartitions) -> None:
    asked: dict[str, Future[Any]] = admin.alter_consumer_group_offsets([wanted], request_timeout=PATIENCE_S)
    for answer in asked[wanted.group_id].result(PATIENCE_S).topic_partitions:
        if answer.error:
            raise KafkaException(answer.error)


def _order(topic: tuple[str, int]) -> tuple[int, str]:
    """What follows from what: see the package's docstring."""
    derived = ("rows.", "contributions.", "alerts")
    return next((rank for rank, start in enumerate(derived) if topic[0].startswith(start)), len(derived)), topic[0]


def place(text: str) -> Place:
    """`topic:partition` → both."""
    topic, _, number = text.rpartition(":")
    return topic, int(number)


def _ends(settings: Settings, topics: Mapping[str, int]) -> dict[Place, tuple[int, int]]:
    """The first and the next offset of every partition."""
    # Held until all attempts are over: that of a failed one, still answering, would be collected by its own thread.
    admin = AdminClient({**settings.kafka_client()})
    places = [(topic, number) for topic, count in topics.items() for number in range(count)]
    return _offsets(admin, settings.topic_prefix, places)


@_patiently
def _offsets(admin: AdminClient, prefix: str, places: Sequence[Place]) -> dict[Place, tuple[int, int]]:
    named = [(prefix + topic, number) for topic, number in places]
    first = reader_positions.offsets(admin, named, reader_positions.EARLIEST, patience=PATIENCE_S)
    following = reader_positions.offsets(admin, named, patience=PATIENCE_S)
    return {
        (topic.removeprefix(prefix), number): (first[topic, number], following[topic, number])
        for topic, number in named
    }


class _Counter:
    def __init__(self, advance: Advance) -> None:
        self.count = 0
        self._advance = advance

    def over(self, records: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for record in records:
            self.count += 1
            self._advance(1)
            yield record


class _Sender:
    """Records into their partitions, in order; a refusal is raised by the next call."""

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.topic_prefix
        self._refused: KafkaError | None = None
        self._producer = Producer(
            {
                **settings.kafka_client(),
                "enable.idempotence": True,
                "acks": "all",
                "message.max.bytes": WRITTEN_AT_MOST,
                "compression.type": "lz4",
                "linger.ms": 20,
                "delivery.report.only.error": True,
                "on_delivery": self._delivered,
            }
        )

    def send(self, topic: str, number: int, record: Any) -> None:
        """Queue one; waits while the queue is full."""
        headers = [(header["name"], header["value"]) for header in record["headers"]]
        while True:
            self._raise()
            try:
                self._producer.produce(
                    self._prefix + topic,
                    record["value"],
                    record["key"],
                    number,
                    timestamp=record["timestamp"],
                    headers=headers,
                )
                self._producer.poll(0)
                return
            except BufferError:
                self._producer.poll(0.1)

    def finish(self) -> None:
        """Return once the broker has all."""
        if self._producer.flush(600):
            raise BackupFailed(
                "Kafka did not take all records within 10 minutes: restore again into a new state folder."
            )
        self._raise()

    def _delivered(self, error: KafkaError | None, _: Any) -> None:
        self._refused = self._refused or error

    def _raise(self) -> None:
        if self._refused:
            raise BackupFailed(
                f"Kafka refused a record: {self._refused.name()}. Restore again into a new state folder."
            )


def _records(settings: Settings, topic: str, number: int) -> Iterator[dict[str, Any]]:
    """The committed records of a partition up to its end as it is now."""
    try:
        for record in topic_reader.records(settings, settings.topic_prefix + topic, starts={number: 0}):
            yield {
                "offset": record.offset(),
                "timestamp": record.timestamp()[1],
                "key": record.key(),
                "value": record.value(),
                "headers": [{"name": header[0], "value": header[1]} for header in headers_of(record)],
            }
    except TopicUnreadable as unreadable:
        raise BackupFailed(str(unreadable)) from unreadable
