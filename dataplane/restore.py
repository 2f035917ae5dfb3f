"""What happens between the assignment of a partition and its first record. Runs in a thread of its own.

Why this order. The previous owner may be a zombie: killed or frozen with an open transaction. Let p be the partition.

(a) *Stable committed offsets first.* `committed()` of a read_committed consumer asks with require_stable (KIP-447):
    while a transaction with an offset commit for p is undecided, the broker answers UNSTABLE_OFFSET_COMMIT. So after
    (a) every transaction that ever sent offsets for p is committed or aborted. A zombie that has written rows but not
    yet sent offsets cannot commit any more: the group fences its membership.
(b) *Then the high watermark of the row topic's p, read UNCOMMITTED.* Every row that belongs to the offsets of (a) was
    produced before its transaction committed, so it lies below this watermark. Restoring goes on until the position
    has reached it under read_committed. The end of what is *readable* (the last stable offset) would not do: commit
    markers reach the offsets topic and the row topic independently, and another zombie's hanging transaction may hold
    the last stable offset below rows that are committed. We wait until the broker decides it (at most its
    transaction timeout).
(c) *Then read the input from exactly the offsets of (a).* Asking for them again could see a later commit than the
    rows we have.

Were (b) before (a), a transaction could commit in between: offsets new, rows old, events lost. The other partitions
flow on meanwhile; only the partitions concerned are paused.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from mode import get_logger

from . import codes, metrics
from .errors import RecordsGone, RestoreFailed
from .rowstore import Store
from .settings import DataPlaneSettings, restore_group

logger = get_logger(__name__)
TopicPartitionKey = tuple[str, int]
_LATEST = OffsetSpec.latest()  # type: ignore[no-untyped-call]
_EARLIEST = OffsetSpec.earliest()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Restored:
    """Start offsets of the inputs, and the last value of every key by (row topic, partition)."""

    offsets: dict[TopicPartitionKey, int]
    rows: dict[TopicPartitionKey, dict[bytes, Any]]


class Restorer:
    """Restores row stores for newly assigned partitions."""

    def __init__(
        self,
        servers: str,
        app_id: str,
        settings: DataPlaneSettings,
        stores: Sequence[Store],
        admin: AdminClient,
    ) -> None:
        self._servers = servers
        self._app_id = app_id
        self._settings = settings
        self._stores = stores
        self._admin = admin

    def restore(self, topics: Iterable[str], partitions: Iterable[int], cancelled: threading.Event) -> Restored | None:
        """Steps (a) and (b) for `partitions` of the input `topics`; None when cancelled by a revocation.

        Raises RestoreFailed or RecordsGone.
        """
        began = time.monotonic()
        inputs = [(topic, partition) for partition in partitions for topic in topics]
        offsets = self._stable_offsets(inputs, cancelled)  # (a)
        row_partitions = [(store.topic, partition) for store in self._stores for partition in partitions]
        raw: dict[TopicPartitionKey, dict[bytes, bytes]] = {key: {} for key in row_partitions}
        records = 0
        if row_partitions and not cancelled.is_set():
            ends = self._ends(row_partitions, _LATEST, IsolationLevel.READ_UNCOMMITTED)  # (b)
            records = self._read(raw, ends, cancelled)
        if cancelled.is_set():
            return None
        loads = {store.topic: store.load for store in self._stores}
        rows = {
            (topic, partition): _loaded(topic, partition, loads[topic], raw.pop((topic, partition)))
            for topic, partition in row_partitions
        }
        seconds = time.monotonic() - began
        metrics.RESTORE_SECONDS.observe(seconds)
        logger.info(
            "restored partitions %s: %d records, %d rows in %.2f s",
            sorted(partitions), records, sum(map(len, rows.values())), seconds,
        )  # fmt: skip
        return Restored(offsets, rows)

    def _stable_offsets(
        self, inputs: list[TopicPartitionKey], cancelled: threading.Event
    ) -> dict[TopicPartitionKey, int]:
        """(a); a partition without a committed offset starts at its beginning."""
        deadline = time.monotonic() + self._settings.restore_wait_s
        left, offsets = set(inputs), dict[TopicPartitionKey, int]()
        # A handle of its own: every call on a confluent_kafka handle takes its lock, and the fetch thread's poll()
        # hardly ever lets go of that of the group consumer.
        asking = self._consumer(self._app_id)
        while left and not cancelled.is_set():
            problem: KafkaError | None = None
            try:
                for answer in asking.committed([TopicPartition(*key) for key in sorted(left)], timeout=1.0):
                    if answer.error is not None:
                        problem = answer.error
                        continue
                    offsets[answer.topic, answer.partition] = answer.offset
                    left.discard((answer.topic, answer.partition))
            except KafkaException as error:
                problem = error.args[0]
            if left and problem is not None:
                # librdkafka asks again by itself while they are unstable, and gives up with _TIMED_OUT
                unstable = problem.code() in {codes.UNSTABLE_OFFSET_COMMIT, *codes.COORDINATOR_AWAY}
                if not (unstable or problem.retriable()) or time.monotonic() > deadline:
                    raise RestoreFailed(f"the committed offsets could not be read: {problem.name()}: {problem.str()}")
                logger.info("committed offsets of %s are not stable yet: %s", sorted(left), problem.name())
                cancelled.wait(0.1)
        asking.close()
        if cancelled.is_set():
            return offsets
        beginnings = self._ends(inputs, _EARLIEST, IsolationLevel.READ_UNCOMMITTED)
        for key, beginning in beginnings.items():
            if 0 <= offsets[key] < beginning and self._settings.auto_offset_reset == "error":
                raise RecordsGone(
                    f"{key[0]}[{key[1]}] was read up to offset {offsets[key]}, but its records begin at {beginning}: "
                    "retention deleted unread records; restore them, or accept the loss with auto_offset_reset"
                )
            offsets[key] = max(offsets[key], beginning)
        return offsets

    def _ends(
        self, keys: Sequence[TopicPartitionKey], spec: OffsetSpec, isolation: IsolationLevel
    ) -> dict[TopicPartitionKey, int]:
        deadline = time.monotonic() + self._settings.broker_wait_s
        while True:
            try:
                answers = self._admin.list_offsets(
                    {TopicPartition(*key): spec for key in keys}, isolation_level=isolation, request_timeout=10
                )
                return {(where.topic, where.partition): answer.result().offset for where, answer in answers.items()}
            except KafkaException as error:
                problem: KafkaError = error.args[0]
                if not problem.retriable() or time.monotonic() > deadline:
                    raise RestoreFailed(f"offsets could not be listed: {problem.name()}: {problem.str()}") from error
                time.sleep(0.1)

    def _read(
        self,
        raw: dict[TopicPartitionKey, dict[bytes, bytes]],
        ends: dict[TopicPartitionKey, int],
        cancelled: threading.Event,
    ) -> int:
        """(b): the last value of every key below `ends`, read committed. -> number of records read"""
        left = {key: end for key, end in ends.items() if end > 0}
        consumer = self._consumer(restore_group(self._app_id))
        counts: dict[str, int] = {}
        try:
            consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in left])
            quiet_since = time.monotonic()
            while left and not cancelled.is_set():
                messages = consumer.consume(10_000, 0.1)
                for message in messages:
                    self._take(message, raw, left, counts)
                if messages:
                    quiet_since = time.monotonic()
                elif time.monotonic() - quiet_since > self._settings.restore_wait_s:
                    raise RestoreFailed(
                        f"restoring {sorted(left)} came no further for {self._settings.restore_wait_s} s: does a "
                        "transaction hang (kafka-transactions.sh find-hanging), or is the broker away?"
                    )
        finally:
            consumer.close()
        for topic, count in counts.items():
            metrics.RESTORED_RECORDS.labels(topic).inc(count)
        return sum(counts.values())

    def _consumer(self, group: str) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self._servers,
                "group.id": group,
                "client.id": f"{self._app_id}-restore",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "queued.max.messages.kbytes": 65_536,
                "fetch.wait.max.ms": 50,  # the end of a partition comes with an empty answer
                **self._settings.security,
            },
            logger=logger,
        )

    @staticmethod
    def _take(
        message: Message,
        raw: dict[TopicPartitionKey, dict[bytes, bytes]],
        left: dict[TopicPartitionKey, int],
        counts: dict[str, int],
    ) -> None:
        # An event of the whole client has no partition; a record and an end have all three.
        topic, partition, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
        error = message.error()
        if error is not None:
            if error.code() == codes.PARTITION_EOF:
                # The offset of this event counts control records and aborted ones; it comes again when the last
                # stable offset has moved.
                if offset >= left.get((topic, partition), 0):
                    left.pop((topic, partition), None)
            elif not error.retriable():
                raise RestoreFailed(f"{topic}[{partition}] could not be read: {error.name()}: {error.str()}")
            return
        counts[topic] = counts.get(topic, 0) + 1
        key, value = message.key(), message.value()
        if not isinstance(key, bytes):
            raise RestoreFailed(f"{topic}[{partition}] offset {offset} has no key: a row topic holds keyed rows only")
        rows = raw[topic, partition]
        if value is None:
            rows.pop(key, None)
        else:
            rows[key] = value if isinstance(value, bytes) else value.encode()
        if offset + 1 >= left.get((topic, partition), offset + 2):
            left.pop((topic, partition), None)


def _loaded(topic: str, partition: int, load: Callable[[bytes], Any], raw: dict[bytes, bytes]) -> dict[bytes, Any]:
    rows = {}
    for key, value in raw.items():
        try:
            rows[key] = load(value)
        except ValueError as unreadable:
            # Not left out: a row that was there would begin anew from nothing, and overwrite what everybody reads.
            raise RestoreFailed(
                f"{topic}[{partition}] holds a record that is no row ({unreadable}): only this app may write there. "
                "Delete it by a record of its key without a value, or restore the topic; then start again"
            ) from unreadable
    return rows
