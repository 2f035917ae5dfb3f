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
from runtime.topic_reader import TopicUnreadable, ends, has_record, records
from wire.codec import RecordReader
from wire.contracts import published
from wire.registry import Registry
from wire.topics import ALERTS, group_of_stage

ASK_EVERY_S = 0.25


class Held(NamedTuple):
    """`alerts` findings are held that were not before; `complete`: the stages have read everything published."""

    alerts: int
    complete: bool


class HeldBack:
    """Made before publishing, asked after it."""

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
        views = [topic.removeprefix("rows.") for topic, output in published().items() if output.what == "row"]
        contributions = [f"{self._settings.topic_prefix}contributions.{view}" for view in views]
        known = {name for name in contributions if name in self._admin.list_topics(timeout=PATIENCE_S).topics}
        # one round for the events, one for what they contribute: contributions are not contributed on
        return self._passed(views, topics, deadline) and self._passed(views, sorted(known), deadline)

    def _passed(self, views: list[str], topics: list[str], deadline: float) -> bool:
        wanted = {(topic, p): end for topic in topics for p, end in self._ends(topic).items() if end}
        waiting: set[tuple[str, int, int]] = set()
        while True:
            behind = dict(wanted)
            for view in views:
                for place, position in self._committed(group_of_stage(self._settings, view)).items():
                    end = behind.get(place)
                    if end is not None and (position >= end or self._nothing_after(place, position, waiting)):
                        del behind[place]
            if not behind:
                return True
            if time.monotonic() + ASK_EVERY_S > deadline:
                return False
            time.sleep(ASK_EVERY_S)

    def _nothing_after(self, place: Place, position: int, waiting: set[tuple[str, int, int]]) -> bool:
        """Whether no record lies at `position` or behind it: a transaction ends with a marker that no reader sees.
        `waiting` holds the places of which a record is known to wait, so that they are read once."""
        asked = (*place, position)
        if asked in waiting:
            return False
        if has_record(self._settings, *asked):
            waiting.add(asked)
            return False
        return True

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
        except TopicUnreadable as unreadable:
            raise PublishRefused(str(unreadable)) from unreadable
