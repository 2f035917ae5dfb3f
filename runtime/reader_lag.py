"""How far each reader is, asked from the broker and not from the reader: one that is dead or frozen says nothing.

A reader is a stage or a sink, known to the broker as a consumer group (a sink's truth is in PostgreSQL; it tells the
broker for this purpose). Runs as a thread of the clock's process, whose absence is reported by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

import structlog
from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka._model import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from runtime import metrics
from runtime.settings import Settings
from runtime.topic_reader import TopicUnreadable, has_record

log = structlog.get_logger()

EVERY_S = 5.0
PATIENCE_S = 10.0
GROUPS = "citygrid-"
"""What the name of each group of ours begins with, after the installation's prefix."""

Where = tuple[str, int]
"""A topic on the cluster and a partition."""


class Readers(threading.Thread):
    """Sets the gauges of every reader's position and lag, and of every partition's end, until `stopping` is set."""

    def __init__(self, settings: Settings, stopping: threading.Event) -> None:
        super().__init__(name="readers", daemon=True)
        self._settings = settings
        self._prefix = settings.topic_prefix
        self._partitions = settings.partitions
        self._client = settings.kafka_client()
        self._stopping = stopping
        self._admin = AdminClient({**self._client})
        #: reader and place → its position when last asked.
        self._stood: dict[tuple[str, Where], int] = {}
        #: reader and place → (position, whether a record waits there, the end up to which that was found).
        self._looked: dict[tuple[str, Where], tuple[int, bool, int]] = {}

    def run(self) -> None:
        while not self._stopping.wait(EVERY_S):
            try:
                self.ask()
            except KafkaException as away:
                log.info("readers_not_asked", reason=away.args[0].name())
            except TimeoutError:
                log.info("readers_not_asked", reason="no answer in time")

    def ask(self) -> None:
        """Ask once and set the gauges. Raises KafkaException, TimeoutError if the broker does not answer."""
        positions = self._positions()
        topics = {topic for places in positions.values() for topic, _ in places}
        places = [(topic, number) for topic in sorted(topics) for number in range(self._partitions)]
        ends = self._ends(places, IsolationLevel.READ_COMMITTED)
        written = self._ends(places, IsolationLevel.READ_UNCOMMITTED)
        for (topic, number), end in ends.items():
            if (topic, number) not in written:
                continue
            labels = (topic.removeprefix(self._prefix), str(number))
            metrics.TOPIC_END.labels(*labels).set(end)
            metrics.TOPIC_UNDECIDED.labels(*labels).set(max(0, written[topic, number] - end))
        read = {
            (reader, place): own.get(place, 0)
            for reader, own in positions.items()
            for place in ends
            if any(topic == place[0] for topic, _ in own)
        }
        self._look(read, ends)
        for (reader, place), position in read.items():
            labels3 = (reader, place[0].removeprefix(self._prefix), str(place[1]))
            metrics.READER_POSITION.labels(*labels3).set(position)
            metrics.READER_LAG.labels(*labels3).set(self._lag(reader, place, position, ends[place]))
        self._stood = read
        metrics.READERS_ASKED.set(time.time())

    def _positions(self) -> dict[str, dict[Where, int]]:
        """Reader → place → where it goes on, of what it has ever read."""
        begin = self._prefix + GROUPS
        listed = self._admin.list_consumer_groups(request_timeout=PATIENCE_S).result(PATIENCE_S)
        groups = [group.group_id for group in listed.valid if group.group_id.startswith(begin)]
        positions = {}
        for group in groups:
            asked = [ConsumerGroupTopicPartitions(group)]
            answer = self._admin.list_consumer_group_offsets(asked, request_timeout=PATIENCE_S)[group]
            places = answer.result(PATIENCE_S).topic_partitions or []
            reader = group.removeprefix(begin).replace("_", "-")
            positions[reader] = {(own.topic, own.partition): own.offset for own in places if own.offset >= 0}
        return positions

    def _ends(self, places: Iterable[Where], level: IsolationLevel) -> dict[Where, int]:
        asked = {TopicPartition(*place): OffsetSpec.latest() for place in places}  # type: ignore[no-untyped-call]
        if not asked:
            return {}
        answers = self._admin.list_offsets(asked, isolation_level=level, request_timeout=PATIENCE_S)
        ends = {}
        for where, answer in answers.items():
            try:
                ends[where.topic, where.partition] = answer.result(PATIENCE_S).offset
            except KafkaException as away:  # one partition without a leader: the others are known
                log.info("end_not_asked", topic=where.topic, partition=where.partition, reason=away.args[0].name())
        return ends

    def _lag(self, reader: str, place: Where, position: int, end: int) -> int:
        looked = self._looked.get((reader, place))
        if looked is not None and looked[0] == position and not looked[1] and end <= looked[2]:
            return 0
        return max(0, end - position)

    def _look(self, read: dict[tuple[str, Where], int], ends: dict[Where, int]) -> None:
        """Behind a position may lie the marks of transactions only, which no reader is given: whether a reader that
        stands has a record before it is seen by reading on from there."""
        waiting: list[tuple[tuple[str, Where], int]] = []
        for about, position in read.items():
            if ends[about[1]] <= position or self._stood.get(about, position) != position:
                continue
            looked = self._looked.get(about)
            if looked is None or looked[0] != position or (not looked[1] and looked[2] < ends[about[1]]):
                waiting.append((about, position))
        for (reader, place), position in waiting:
            if self._stopping.is_set():
                return
            try:
                waits = has_record(self._settings, *place, position, patience=PATIENCE_S)
            except TopicUnreadable as unreadable:
                log.info("reader_not_looked_at", reader=reader, topic=place[0], reason=str(unreadable))
            else:
                self._looked[reader, place] = (position, waits, ends[place])
