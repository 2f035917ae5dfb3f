"""How far each reader is, asked from the broker and not from the reader: one that is dead or frozen says nothing.

A reader is a stage or a sink, known to the broker as a consumer group (a sink's truth is in PostgreSQL; it tells the
broker for this purpose). Runs as a thread of the clock's process, whose absence is reported by itself.
"""

from __future__ import annotations

import threading
import time

import structlog
from confluent_kafka import IsolationLevel, KafkaException
from confluent_kafka.admin import AdminClient

from runtime import metrics, reader_positions
from runtime.reader_positions import GROUPS, Place
from runtime.settings import Settings
from runtime.topic_reader import TopicUnreadable, has_record

log = structlog.get_logger()

EVERY_S = 5.0
PATIENCE_S = 10.0


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
        self._stood: dict[tuple[str, Place], int] = {}
        #: reader and place → (position, whether a record waits there, the end up to which that was found).
        self._looked: dict[tuple[str, Place], tuple[int, bool, int]] = {}

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
        ends = reader_positions.offsets(self._admin, places, level=IsolationLevel.READ_COMMITTED, away=_without_leader)
        written = reader_positions.offsets(
            self._admin, places, level=IsolationLevel.READ_UNCOMMITTED, away=_without_leader
        )
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

    def _positions(self) -> dict[str, dict[Place, int]]:
        """Reader → place → where it goes on, of what it has ever read."""
        return {
            group.removeprefix(self._prefix + GROUPS).replace("_", "-"): reader_positions.committed(self._admin, group)
            for group in reader_positions.groups(self._admin, self._prefix)
        }

    def _lag(self, reader: str, place: Place, position: int, end: int) -> int:
        looked = self._looked.get((reader, place))
        if looked is not None and looked[0] == position and not looked[1] and end <= looked[2]:
            return 0
        return max(0, end - position)

    def _look(self, read: dict[tuple[str, Place], int], ends: dict[Place, int]) -> None:
        """Behind a position may lie the marks of transactions only, which no reader is given: whether a reader that
        stands has a record before it is seen by reading on from there."""
        waiting: list[tuple[tuple[str, Place], int]] = []
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


def _without_leader(place: Place, error: KafkaException) -> None:
    """One partition does not answer: the others are known."""
    log.info("end_not_asked", topic=place[0], partition=place[1], reason=error.args[0].name())
