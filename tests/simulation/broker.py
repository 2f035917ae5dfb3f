"""Kafka and the schema registry in memory: what a stage of the real system sees of them, and nothing else.

A topic's partition is a log of records with offsets. What a transaction holds becomes visible as a whole, together
with the offsets that it was made from. Compaction leaves gaps in the offsets, as it does in Kafka.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from dataplane import partition_of
from runtime.cloud_events import Headers
from wire.registry import Registry

Where = tuple[str, int]
"""A topic's name and the number of a partition."""


class Record:
    """A record as a consumer gets it: the methods of confluent_kafka's Message, which cannot be made in Python."""

    __slots__ = ("_headers", "_key", "_offset", "_partition", "_topic", "_value")

    def __init__(self, partition: int, offset: int, output: Output) -> None:
        self._topic, self._partition, self._offset = output.topic, partition, offset
        self._key, self._value, self._headers = output.key, output.value, output.headers

    def topic(self) -> str:
        return self._topic

    def partition(self) -> int:
        return self._partition

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes | None:
        return self._key

    def value(self) -> bytes | None:
        return self._value

    def headers(self) -> Headers | None:
        return self._headers

    def timestamp(self) -> tuple[int, int]:
        """The type (create time) and ms since 1970 UTC: always the same, since nothing may follow from it."""
        return (1, 0)


class Output(NamedTuple):
    """A record to be appended. Partition -1: by the key."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int = -1
    headers: Headers | None = None


class Broker:
    """All topics, with `partitions` partitions each. A topic is there once something is appended to it."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self._logs: dict[Where, list[Record]] = defaultdict(list)
        self._ends: dict[Where, int] = defaultdict(int)
        self._committed: dict[tuple[str, Where], int] = defaultdict(int)

    def append(self, output: Output) -> None:
        """One record, visible at once: what publishers and the clock write."""
        partition = output.partition
        if partition < 0:
            partition = partition_of(output.key or b"", self.partitions)
        where = (output.topic, partition)
        self._logs[where].append(Record(partition, self._ends[where], output))
        self._ends[where] += 1

    def commit(self, group: str, outputs: Iterable[Output], offsets: Mapping[Where, int]) -> None:
        """A transaction: all of `outputs`, and where the group `group` goes on reading."""
        for output in outputs:
            self.append(output)
        for where, offset in offsets.items():
            self._committed[group, where] = offset

    def committed(self, group: str, where: Where) -> int:
        return self._committed[group, where]

    def read(self, where: Where, offset: int, most: int) -> list[Record]:
        """Up to `most` records from `offset` on."""
        log = self._logs[where]
        start = bisect_left(log, offset, key=Record.offset)
        return log[start : start + most]

    def newest(self, topic: str, partitions: Iterable[int] | None = None) -> dict[bytes, bytes]:
        """The last value of each key, as a reader of a compacted topic keeps it; tombstones left out."""
        values: dict[bytes, bytes] = {}
        for partition in range(self.partitions) if partitions is None else partitions:
            for record in self._logs[topic, partition]:
                key, value = record.key(), record.value()
                if value is None:
                    values.pop(key or b"", None)
                else:
                    values[key or b""] = value
        return values

    def compact(self, where: Where, end: int, tombstones: bool) -> None:
        """Keep the last record of each key of those below the offset `end`; with `tombstones` drop theirs too."""
        log = self._logs[where]
        last = {record.key(): record.offset() for record in log if record.offset() < end}
        self._logs[where] = [
            record
            for record in log
            if record.offset() >= end
            or (last[record.key()] == record.offset() and not (tombstones and record.value() is None))
        ]

    def end(self, where: Where) -> int:
        """The offset of the next record."""
        return self._ends[where]

    def written(self) -> dict[Where, int]:
        """Where something was written, and up to which offset."""
        return dict(self._ends)


class MemoryRegistry(Registry):
    """The registry's ids and schemas without HTTP: every schema that is asked for is registered."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def schema(self, schema_id: int) -> Mapping[str, Any] | None:
        known = 0 < schema_id <= len(self._texts)
        schema: Mapping[str, Any] | None = json.loads(self._texts[schema_id - 1]) if known else None
        return schema

    def id_of(self, subject: str, schema: Mapping[str, Any]) -> int:
        text = json.dumps(schema, ensure_ascii=False)
        if text not in self._texts:
            self._texts.append(text)
        return self._texts.index(text) + 1

    def register(self, subject: str, schema: Mapping[str, Any]) -> int:
        return self.id_of(subject, schema)

    def close(self) -> None:
        pass
