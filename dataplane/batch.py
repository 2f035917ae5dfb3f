"""One item of the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confluent_kafka import Message

if TYPE_CHECKING:
    from .dispatcher import Dispatcher


class RecordBatch:
    """Records of one topic-partition in offset order.

    `records` are confluent_kafka Messages (key(), value(), headers(), timestamp(), offset()). Call `ack()` exactly
    once, after everything that follows from the records has been produced and put: its offsets then commit together
    with that, and the next batch is handed out. No other batch is worked on in the meantime.
    """

    __slots__ = ("_dispatcher", "agents_left", "generation", "next_offset", "partition", "records", "size", "topic")

    def __init__(
        self, dispatcher: Dispatcher, topic: str, partition: int, records: list[Message], generation: int, size: int
    ) -> None:
        self._dispatcher = dispatcher
        self.topic = topic
        self.partition = partition
        self.records = records
        #: Number of the assignment of this partition that fetched the batch.
        self.generation = generation
        #: Bytes of values.
        self.size = size
        #: The offset to go on from.
        self.next_offset: int = (records[-1].offset() or 0) + 1
        #: Agents that have not acknowledged yet.
        self.agents_left = 0

    def ack(self) -> None:
        """The agent is through with this batch. Raises Misplaced when the batch is not the one in flight."""
        self._dispatcher.acknowledge(self)

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        return f"<RecordBatch {self.topic}[{self.partition}] {len(self.records)} records up to {self.next_offset}>"
