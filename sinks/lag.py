"""How far a sink is behind; and a partition that gives nothing although something is there is told again where to go
on, since librdkafka may have forgotten it (docs/decisions/0026-turn-to-poll.md)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from runtime import metrics, topic_reader
from runtime.settings import Settings

log = structlog.get_logger()

STANDS_AFTER_S = 30.0

Place = tuple[str, int]
"""A topic's name on the cluster, and a partition's number."""


class _Stood(NamedTuple):
    """A partition whose reader has come to `position`. Up to `nothing_until` there are only markers, as far as was
    asked; since when something stands behind that, by the monotonic clock."""

    position: int
    nothing_until: int
    since: float


class Lag:
    """What one sink has still to read. `topics`: names on the cluster and without the prefix."""

    def __init__(self, name: str, topics: Mapping[str, str], settings: Settings) -> None:
        self._name = name
        self._topics = topics
        self._settings = settings
        self._stood: dict[Place, _Stood] = {}

    def ask(self, consumer: Consumer, positions: Mapping[Place, int], ends: Mapping[Place, int]) -> dict[Place, int]:
        """Set the gauges; where each partition was read up to, none if the broker does not answer.

        `positions`: the offset of the record that is read next. `ends`: the ends that the consumer was told, behind
        which only markers of transactions stand, unless it forgot its place: no reader is given those.
        """
        asked: dict[Place, int] = {}
        standing: dict[str, dict[int, int]] = {}
        for (topic, number), position in list(positions.items()):
            try:
                _, end = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=2)
            except KafkaException as away:
                log.info("lag_not_asked", reason=away.args[0].name())
                return {}
            read = max(position, ends.get((topic, number), 0))
            asked[topic, number] = read
            metrics.SINK_LAG.labels(self._name, self._topics[topic], str(number)).set(max(0, end - read))
            if self._stands((topic, number), position, end):
                standing.setdefault(topic, {})[number] = position
        for topic, places in standing.items():
            for number in self._waiting(topic, places):
                asked[topic, number] = places[number]
                self._tell_again(consumer, topic, number, places[number])
        return asked

    def _stands(self, place: Place, position: int, end: int) -> bool:
        """Whether something, be it a marker, stands behind `position` of which nothing came for `STANDS_AFTER_S`."""
        now, before = time.monotonic(), self._stood.get(place)
        if before is None or before.position != position:
            before = _Stood(position, position, now)
        elif end <= before.nothing_until:
            before = before._replace(since=now)
        self._stood[place] = before
        if now - before.since < STANDS_AFTER_S:
            return False
        self._stood[place] = _Stood(position, end, now)
        return True

    def _waiting(self, topic: str, places: Mapping[int, int]) -> set[int]:
        try:
            return topic_reader.waiting(self._settings, topic, places, patience=10)
        except topic_reader.TopicUnreadable as away:
            log.info("standing_partitions_not_asked", topic=topic, reason=str(away))
            return set()

    def _tell_again(self, consumer: Consumer, topic: str, number: int, position: int) -> None:
        self._stood.pop((topic, number), None)
        log.warning("partition_told_again", sink=self._name, topic=topic, partition=number, offset=position)
        try:
            consumer.seek(TopicPartition(topic, number, position))
        except KafkaException as refused:  # it is being taken away, or the consumer has not begun with it
            log.info("partition_not_told", reason=refused.args[0].name())
