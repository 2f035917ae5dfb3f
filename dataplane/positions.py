"""Up to which offset each partition was read, and what that says about records that come.

librdkafka may forget where it was told to begin. Records of before that offset are left out, and the partition is told
again, so that nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import Message, TopicPartition
from mode import get_logger

from .errors import DataPlaneError

logger = get_logger(__name__)
_TELLING_AGAIN = 5  # times that a partition is told where to go on before the worker ends


class Positions:
    """The next offset of each (topic, partition) held, and where its end was last seen. `seek` tells the consumer."""

    def __init__(self, seek: Callable[[TopicPartition], None]) -> None:
        self._seek = seek
        #: (topic, partition) -> next offset of what was fetched.
        self.read_up_to: dict[tuple[str, int], int] = {}
        #: (topic, partition) -> what it was read up to when its end was seen, and that end.
        self.end_seen: dict[tuple[str, int], tuple[int, int]] = {}
        self._told_again: dict[tuple[str, int], int] = {}

    def begin(self, topic: str, partition: int, offset: int) -> None:
        """The partition is read from `offset` on."""
        self.read_up_to[topic, partition] = offset
        self._told_again.pop((topic, partition), None)

    def forget(self, topic: str, partition: int) -> None:
        """The partition is no longer ours."""
        self.read_up_to.pop((topic, partition), None)
        self.end_seen.pop((topic, partition), None)

    def saw_end(self, message: Message) -> None:
        """librdkafka says with `message` that the partition's end is reached."""
        place = (message.topic() or "", message.partition() or 0)
        self.end_seen[place] = (self.read_up_to.get(place, -1), message.offset() or 0)

    def not_read_yet(self, topic: str, partition: int, records: list[Message]) -> list[Message]:
        """`records` without those that were read before. If all were, the consumer is told again where to go on; where
        the topic was made anew, and no such offset is there, that ends the worker with DataPlaneError."""
        place, begin = (topic, partition), self.read_up_to[topic, partition]
        if (records[0].offset() or 0) >= begin:
            return records
        left = [record for record in records if (record.offset() or 0) >= begin]
        if left:
            return left
        self._told_again[place] = self._told_again.get(place, 0) + 1
        logger.info("%s[%d] came again from offset %s instead of %d", topic, partition, records[0].offset(), begin)
        if self._told_again[place] > _TELLING_AGAIN:
            raise DataPlaneError(
                f"{topic}[{partition}] comes again from offset {records[0].offset()} each time, although it was "
                f"read up to {begin}: the worker ends and is to be started again"
            )
        self._seek(TopicPartition(topic, partition, begin))
        return []
