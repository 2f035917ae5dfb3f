"""Which partition numbers this worker holds, and how far each of them is: held, being restored, or read.

Numbers, not single partitions, are the unit: number p is worked on only while *every* input topic's p is held, because
they share rows. The range assignor moves them together; should they ever come apart, p waits.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from confluent_kafka import TopicPartition
from mode import get_logger

from . import metrics

logger = get_logger(__name__)


class Assignments:
    """What the group has given to this worker of `topics`. Changed by whoever polls, in rebalance callbacks."""

    def __init__(self, topics: list[str]) -> None:
        self._topics = topics
        self._held: dict[int, set[str]] = {}
        self._generation = 0
        self._restoring: dict[int, tuple[int, threading.Event]] = {}
        #: number -> the generation of its assignment, once it is restored and read.
        self.flowing: dict[int, int] = {}

    @property
    def all_flow(self) -> bool:
        """Every number held is restored and read."""
        return self._held.keys() == self.flowing.keys()

    def held(self) -> list[tuple[str, int]]:
        """Topic-partitions assigned to this worker."""
        return [(topic, number) for number, topics in list(self._held.items()) for topic in sorted(topics)]

    def expects(self, number: int, generation: int) -> bool:
        """Whether this assignment of `number` still stands and waits for its restore."""
        waiting = self._restoring.get(number)
        return waiting is not None and waiting[0] == generation

    def add(self, assigned: list[TopicPartition]) -> list[int]:
        """What the group gives; returns the numbers of which every topic is held now."""
        complete = []
        for place in assigned:
            topics = self._held.setdefault(place.partition, set())
            topics.add(place.topic)
            if len(topics) == len(self._topics):
                complete.append(place.partition)
        logger.info("assigned %s; complete: %s", sorted((t.topic, t.partition) for t in assigned), sorted(complete))
        self._count()
        return complete

    def restore(self, numbers: list[int]) -> tuple[dict[int, int], threading.Event]:
        """A restore of `numbers` begins: their generation, and what is set once nobody waits for any of them."""
        self._generation += 1
        cancelled = threading.Event()
        for number in numbers:
            self._restoring[number] = (self._generation, cancelled)
        return dict.fromkeys(numbers, self._generation), cancelled

    def restored(self, generations: dict[int, int]) -> set[int]:
        """The numbers of these generations that still wait for their restore; they wait no more."""
        current = {number for number, generation in generations.items() if self.expects(number, generation)}
        for number in current:
            del self._restoring[number]
        return current

    def remove(self, gone: list[TopicPartition]) -> list[TopicPartition]:
        """What the group takes; returns what is left of the same numbers, which waits for its other topics."""
        logger.info("revoked %s", sorted((place.topic, place.partition) for place in gone))
        numbers = {place.partition for place in gone}
        for place in gone:
            topics = self._held.get(place.partition, set())
            topics.discard(place.topic)
            if not topics:
                self._held.pop(place.partition, None)
        for number in numbers:
            self.flowing.pop(number, None)
        # A restore of several numbers of which one goes: `restored` leaves that one out.
        stopped = [self._restoring.pop(number) for number in numbers if number in self._restoring]
        still = {generation for generation, _ in self._restoring.values()}
        for generation, cancelled in stopped:
            if generation not in still:
                cancelled.set()
        self._count()
        return [TopicPartition(topic, number) for number in numbers for topic in self._held.get(number, ())]

    def cancel(self) -> None:
        """Nobody waits for any restore any more."""
        for _, cancelled in self._restoring.values():
            cancelled.set()

    def partitions(self, numbers: Iterable[int]) -> list[TopicPartition]:
        """The partitions of these numbers, of every topic."""
        return [TopicPartition(topic, number) for number in numbers for topic in self._topics]

    def _count(self) -> None:
        for topic in self._topics:
            metrics.ASSIGNED.labels(topic).set(sum(topic in topics for topics in self._held.values()))
