"""How many alerts a publication did *not* raise because its facts are older than going live (`since` of the rules).

The stages say so themselves: a finding that is held is an alert of state `held`. So wait until they have read what was
published, then count those that are new since.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from producers.publish.publisher import PublishRefused
from runtime.reader_positions import PATIENCE_S, Place, committed
from runtime.settings import Settings
from runtime.topic_reader import NotGranted, TopicUnreadable, ends, records, waiting
from wire.codec import RecordReader
from wire.contracts import published
from wire.registry import Registry
from wire.topics import ALERTS, RECORD_CLAIMS, RECORD_MOVES, group_of_stage

ASK_EVERY_S = 0.25


class Held(NamedTuple):
    """`alerts` findings are held that were not before; `complete`: the stages have read everything published."""

    alerts: int
    complete: bool


class HeldBack:
    """Made before publishing, asked after it. Raises NotGranted if this login may not read what stages make, as a
    department's may not."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._alerts = settings.topic_prefix + ALERTS
        self._admin = AdminClient({**settings.kafka_client(), "log_level": 2})
        self._before = self._ends(self._alerts)

    def wait(self, topics: Iterable[str], patience: float) -> Held:
        """Wait at most `patience` s for the stages to read what `topics` hold now, then count.

        Raises PublishRefused.
        """
        deadline = time.monotonic() + patience
        try:
            complete = self._stages_reach([self._settings.topic_prefix + topic for topic in topics], deadline)
            return Held(self._held(), complete)
        except (KafkaException, TopicUnreadable) as away:
            why = away.args[0].str() if isinstance(away, KafkaException) else away
            raise PublishRefused(
                f"The events are published, but the cluster does not say what the stages did: {why}"
            ) from None

    def _stages_reach(self, topics: list[str], deadline: float) -> bool:
        """The stages that read the topics, then those that read what the first contribute."""
        prefix = self._settings.topic_prefix
        views = [topic.removeprefix("rows.") for topic, output in published().items() if output.what == "row"]
        there = self._admin.list_topics(timeout=PATIENCE_S).topics
        # The events, which records they claim, which of these left a subject, and what rows contribute because of all
        # this; contributions are not contributed on.
        moves = prefix + RECORD_MOVES
        rounds = [
            (views, topics),
            (["records"], [prefix + RECORD_CLAIMS]),
            *(([view], [moves]) for view in views if self._reads(view, moves)),
            (views, [f"{prefix}contributions.{view}" for view in views]),
        ]
        return all(
            self._passed(groups, [topic for topic in names if topic in there], deadline) for groups, names in rounds
        )

    def _passed(self, groups: list[str], topics: list[str], deadline: float) -> bool:
        wanted = {(topic, p): end for topic in topics for p, end in self._ends(topic).items() if end}
        while True:
            behind = dict(wanted)
            places: dict[str, dict[int, int]] = {}
            for group in groups:
                for place, position in self._committed(group_of_stage(self._settings, group)).items():
                    end = behind.get(place)
                    if end is None:
                        continue
                    if position >= end:
                        del behind[place]
                    else:
                        topic, partition = place
                        furthest = places.setdefault(topic, {})
                        furthest[partition] = max(position, furthest.get(partition, 0))
            # a transaction ends with a marker that no reader sees: a stage that stands before it has read everything
            for topic, offsets in places.items():
                asked = {partition: offset for partition, offset in offsets.items() if (topic, partition) in behind}
                for partition in asked.keys() - waiting(self._settings, topic, asked) if asked else ():
                    del behind[topic, partition]
            if not behind:
                return True
            if time.monotonic() + ASK_EVERY_S > deadline:
                return False
            time.sleep(ASK_EVERY_S)

    def _reads(self, view: str, topic: str) -> bool:
        return any(read == topic for read, _ in self._committed(group_of_stage(self._settings, view)))

    def _committed(self, group: str) -> dict[Place, int]:
        try:
            return committed(self._admin, group)
        except KafkaException:
            return {}  # no such group (yet): its stage does not run

    def _held(self) -> int:
        registry = Registry.of(self._settings)
        try:
            return self._count(RecordReader(registry, published()[ALERTS].schema))
        finally:
            registry.close()

    def _count(self, reader: RecordReader) -> int:
        newest: dict[bytes | None, str] = {}
        for record in records(self._settings, self._alerts, starts=self._before):
            value, key = record.value(), record.key()
            if value is not None:
                newest[key.encode() if isinstance(key, str) else key] = reader.read(value)["state"]
        return sum(state == "held" for state in newest.values())

    def _ends(self, topic: str) -> dict[int, int]:
        try:
            return ends(self._settings, topic)
        except NotGranted:
            raise
        except TopicUnreadable as unreadable:
            raise PublishRefused(str(unreadable)) from unreadable
