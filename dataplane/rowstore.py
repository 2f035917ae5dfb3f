"""Rows in memory, one dict a partition, backed by a compacted topic: the published row *is* the changelog record.

The interface is small so that a store on disk can take its place: a driver calls `install`, `drop` and `owned`; an
agent calls `rows(partition)` and then `get`, `put`, `delete`, iteration. A row belongs to the partition number of the
input that it was made from, and is produced to the same partition number of the row topic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from typing import Any, Generic, Protocol, TypeVar

from .errors import Misplaced
from .headers import Headers

Row = TypeVar("Row")


class Produce(Protocol):
    """`TransactionalProducer.produce`."""

    def __call__(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int = -1,
        headers: Headers | None = None,
    ) -> None: ...


class Store(Protocol):
    """State by partition that is restored from a compacted topic: a `RowStore`, or one of your own made from a topic
    that the app *reads*. The restore goes to the topic's end, so such a state may know records that are still to be
    read: reading them again must change nothing."""

    @property
    def topic(self) -> str: ...
    @property
    def owned(self) -> list[int]:
        """Partitions held, in order."""

    def load(self, value: bytes) -> Any:
        """Raises ValueError on a value with which the worker must not start."""

    def install(self, partition: int, rows: dict[bytes, Any]) -> None:
        """The partition was restored: the last value of each key. Called by the driver, which keeps nothing of it."""

    def rows(self, partition: int) -> Sized: ...
    def drop(self, partition: int) -> None:
        """The partition was revoked. Called by the driver."""


class PartitionRows(Generic[Row]):
    """The rows of one partition. A `put` is one record in the open transaction and the change in memory."""

    def __init__(self, topic: str, partition: int, dump: Callable[[Row], bytes], produce: Produce) -> None:
        self.topic = topic
        self.partition = partition
        self._dump = dump
        self._produce = produce
        self._rows: dict[bytes, Row] = {}

    def get(self, key: bytes) -> Row | None:
        """The row of `key`, or None. Do not change it in place without putting it: the change would not be kept."""
        return self._rows.get(key)

    def put(self, key: bytes, row: Row) -> None:
        """Publish `row` and keep it. Raises what `dump` raises, with memory unchanged."""
        self._produce(self.topic, key, self._dump(row), self.partition)
        self._rows[key] = row

    def put_dumped(self, key: bytes, row: Row, value: bytes, headers: Headers | None = None) -> None:
        """As `put`, for a caller that has dumped `row` to `value` already."""
        self._produce(self.topic, key, value, self.partition, headers)
        self._rows[key] = row

    def delete(self, key: bytes) -> None:
        """Publish a tombstone and forget the row; nothing happens when there is none."""
        if self._rows.pop(key, None) is not None:
            self._produce(self.topic, key, None, self.partition)

    def items(self) -> Iterator[tuple[bytes, Row]]:
        """All rows of the partition, e.g. to build an index anew after an assignment."""
        return iter(self._rows.items())

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._rows)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def restore(self, rows: dict[bytes, Row]) -> None:
        """Called once, by the driver, before the first record of the partition is handed out."""
        self._rows = rows


class RowStore(Generic[Row]):
    """Rows of the compacted topic `topic`; `load` and `dump` are the codec of one row's value.

    Register it with `DataPlane.add_row_store` before the worker starts.
    """

    def __init__(self, topic: str, load: Callable[[bytes], Row], dump: Callable[[Row], bytes]) -> None:
        self.topic = topic
        self.load = load
        self.dump = dump
        self.produce: Produce | None = None
        self._partitions: dict[int, PartitionRows[Row]] = {}

    def rows(self, partition: int) -> PartitionRows[Row]:
        """The rows of a partition that this worker holds. Raises Misplaced for any other."""
        try:
            return self._partitions[partition]
        except KeyError:
            raise Misplaced(
                f"rows of {self.topic}[{partition}] are not held here: use the partition of the batch in flight"
            ) from None

    def install(self, partition: int, rows: dict[bytes, Row]) -> None:
        """The partition was restored. Called by the driver."""
        if self.produce is None:
            raise Misplaced(f"the row store of {self.topic} is not registered: call plane.add_row_store(store)")
        held = PartitionRows(self.topic, partition, self.dump, self.produce)
        held.restore(rows)
        self._partitions[partition] = held

    def drop(self, partition: int) -> None:
        """The partition was revoked. Called by the driver."""
        self._partitions.pop(partition, None)

    @property
    def owned(self) -> list[int]:
        """Partitions held, in order."""
        return sorted(self._partitions)
