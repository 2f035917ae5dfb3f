"""The fetch thread: the only one that polls the group consumer, so also the one in which rebalance callbacks run.

An assigned partition is paused at once, restored by a thread of its own, and then started at the exact offset of the
restore. Partition numbers, not single partitions, are the unit: number p is worked on only while *every* input topic's
p is held, because they share rows. The range assignor moves them together; should they ever come apart, p waits.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition
from mode import get_logger

from . import codes, metrics
from .batch import RecordBatch
from .dispatcher import Dispatcher
from .errors import DataPlaneError
from .restore import Restored, Restorer
from .settings import DataPlaneSettings

logger = get_logger(__name__)
_POLL_S = 0.02
_REFRESH_S = 0.01
_RESTORE = threading.Semaphore(2)  # restores at a time: more would only take the processor from what flows


class Owner(Protocol):
    """What the fetch thread tells the event loop; each is called there."""

    async def assigned(self, restored: Restored, generations: dict[int, int]) -> None:
        """Rows of these partitions are restored: install them and let the partitions flow."""

    async def revoked(self, partitions: set[int]) -> None:
        """Give partitions up in order; returns when nothing of them is left."""

    async def lost(self, partitions: set[int]) -> None:
        """Partitions are gone already."""

    def failed(self, error: BaseException) -> None:
        """The thread has ended with an error."""


class FetchThread(threading.Thread):
    """Polls, batches by partition, pauses when the buffer is full, and speaks with the group."""

    def __init__(
        self,
        consumer: Consumer,
        topics: list[str],
        settings: DataPlaneSettings,
        dispatcher: Dispatcher,
        restorer: Restorer,
        owner: Owner,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(name="rdkafka-fetch", daemon=True)
        self._consumer = consumer
        self._topics = sorted(topics)
        self._settings = settings
        self._dispatcher = dispatcher
        self._restorer = restorer
        self._owner = owner
        self._loop = loop
        self._halt = threading.Event()
        self._commands: deque[Callable[[], None]] = deque()
        self._held: dict[int, set[str]] = {}
        self._generation = 0
        self._restoring: dict[int, tuple[int, threading.Event]] = {}
        self._flowing: dict[int, int] = {}
        self._full = False
        self.records_fetched = 0
        self.bytes_fetched = 0
        #: (topic, partition) -> next offset of what was fetched, and where its end was last seen.
        self.read_up_to: dict[tuple[str, int], int] = {}
        self.end_seen: dict[tuple[str, int], tuple[int, int]] = {}
        self.last_turn = time.monotonic()
        #: Our membership, for the transaction's offset commit. Taken here and often, because a call from another
        #: thread would wait for the handle's lock, which poll() holds; a stale one would be refused by the group.
        self.group_metadata: Any = None
        self._refreshed = 0.0
        #: The group has answered: this member is part of it, with or without partitions.
        self.joined = False

    # -- from other threads

    def halt(self) -> None:
        """End the thread; it leaves the group on its way out."""
        self._halt.set()

    @property
    def ready(self) -> bool:
        """Joined, and every partition held is restored and flows."""
        return self.joined and self._held.keys() == self._flowing.keys()

    def held(self) -> list[tuple[str, int]]:
        """Topic-partitions assigned to this worker."""
        return [(topic, partition) for partition, topics in list(self._held.items()) for topic in sorted(topics)]

    def expects(self, partition: int, generation: int) -> bool:
        """Whether this assignment of `partition` still stands and waits for its restore."""
        waiting = self._restoring.get(partition)
        return waiting is not None and waiting[0] == generation

    def start_partitions(self, offsets: dict[tuple[str, int], int], generations: dict[int, int]) -> None:
        """Begin to read `offsets`; partitions that were revoked in the meantime are left out."""
        self._commands.append(lambda: self._start(offsets, generations))

    # -- the thread

    def run(self) -> None:
        failure: BaseException | None = None
        try:
            self._consumer.subscribe(
                self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
            )
            while not self._halt.is_set():
                self.last_turn = time.monotonic()
                while self._commands:
                    self._commands.popleft()()
                self._watch_buffer()
                # Every call gives the interpreter's lock away and may wait 5 ms to get it back, so as few as possible:
                # what is there already, else wait for one record (consume(n, t) would wait for n, or all of t).
                messages = self._consumer.consume(self._settings.batch_records, 0)
                if not messages and (message := self._consumer.poll(_POLL_S)) is not None:
                    messages = [message, *self._consumer.consume(self._settings.batch_records - 1, 0)]
                self._refresh_membership()
                if messages:
                    self._hand_over(messages)
        except BaseException as error:  # noqa: BLE001 (reported below, whatever it was)
            failure = error
        finally:
            for _, cancelled in self._restoring.values():
                cancelled.set()
            self._halt.set()
            try:
                self._consumer.close()
            except Exception as error:  # noqa: BLE001
                failure = failure or error
        if failure is not None:
            self._call(lambda: self._owner.failed(failure))

    def _hand_over(self, messages: list[Message]) -> None:
        by_partition: dict[tuple[str, int], list[Message]] = {}
        for message in messages:
            if message.error() is not None:
                self._on_message_error(message)
                continue
            key: Any = (message.topic(), message.partition())
            records = by_partition.get(key)
            if records is None:
                by_partition[key] = [message]
            else:
                records.append(message)
        batches = []
        for (topic, partition), records in by_partition.items():
            generation = self._flowing.get(partition)
            if generation is None:
                continue  # fetched between the assignment and the pause; read again from the restored offset
            batch = RecordBatch(self._dispatcher, topic, partition, records, generation, sum(map(len, records)))
            self.read_up_to[topic, partition] = batch.next_offset
            self.records_fetched += len(batch)
            self.bytes_fetched += batch.size
            batches.append(batch)
        if batches:
            self._call(lambda: self._dispatcher.deliver(batches))

    def _on_message_error(self, message: Message) -> None:
        error: Any = message.error()
        if error.code() == codes.PARTITION_EOF:
            key: Any = (message.topic(), message.partition())
            self.end_seen[key] = (self.read_up_to.get(key, -1), message.offset() or 0)
        elif error.fatal() or not (error.retriable() or error.code() in codes.WAITED_FOR):
            raise DataPlaneError(
                f"reading {message.topic() or 'as a member of the group'} failed: {error.name()}: {error.str()}"
            ) from KafkaException(error)

    def _refresh_membership(self) -> None:
        if (now := time.monotonic()) - self._refreshed > _REFRESH_S:
            self._refreshed = now
            self.group_metadata = self._consumer.consumer_group_metadata()

    # -- back-pressure

    def _over(self, share: float) -> bool:
        records = self.records_fetched - self._dispatcher.records_done
        size = self.bytes_fetched - self._dispatcher.bytes_done
        return records > self._settings.buffer_records * share or size > self._settings.buffer_bytes * share

    def _watch_buffer(self) -> None:
        """Wait for room; when that takes long, pause the partitions (which throws away what librdkafka prefetched)
        so that polling can go on and the group keeps us."""
        if not self._full:
            patience = time.monotonic() + self._settings.buffer_patience_ms / 1000
            while self._over(1.0) and not self._halt.is_set():
                if time.monotonic() > patience:
                    self._full = True
                    self._consumer.pause(self._partitions(self._flowing))
                    return
                self._halt.wait(0.002)
                self._refresh_membership()
        elif not self._over(0.5):
            self._full = False
            self._consumer.resume(self._partitions(self._flowing))

    def _partitions(self, numbers: Iterable[int], offset: int | None = None) -> list[TopicPartition]:
        return [
            TopicPartition(topic, number) if offset is None else TopicPartition(topic, number, offset)
            for number in numbers
            for topic in self._topics
        ]

    # -- rebalance callbacks, called from within poll() or close()

    def _on_assign(self, consumer: Consumer, assigned: list[TopicPartition]) -> None:
        self.joined = True
        start = [TopicPartition(each.topic, each.partition, OFFSET_BEGINNING) for each in assigned]
        if self._settings.group_protocol == "consumer":
            consumer.incremental_assign(start)
        else:
            consumer.assign(start)
        if assigned:
            consumer.pause([TopicPartition(each.topic, each.partition) for each in assigned])
        complete = []
        for each in assigned:
            topics = self._held.setdefault(each.partition, set())
            topics.add(each.topic)
            if len(topics) == len(self._topics):
                complete.append(each.partition)
        logger.info("assigned %s; complete: %s", sorted((t.topic, t.partition) for t in assigned), sorted(complete))
        self._count_assigned()
        if complete:
            self._generation += 1
            cancelled = threading.Event()
            generations = dict.fromkeys(complete, self._generation)
            for partition in complete:
                self._restoring[partition] = (self._generation, cancelled)
            threading.Thread(
                target=self._restore, args=(generations, cancelled), name="rdkafka-restore", daemon=True
            ).start()

    def _restore(self, generations: dict[int, int], cancelled: threading.Event) -> None:
        try:
            with _RESTORE:
                restored = self._restorer.restore(self._topics, sorted(generations), cancelled)
            if restored is not None:
                self._spawn(self._owner.assigned(restored, generations))
        except BaseException as error:  # noqa: BLE001 (ends the process)
            failure = error
            if not cancelled.is_set():
                self._call(lambda: self._owner.failed(failure))

    def _start(self, offsets: dict[tuple[str, int], int], generations: dict[int, int]) -> None:
        current = {number for number, made in generations.items() if self.expects(number, made)}
        for number in current:
            del self._restoring[number]
            for topic in self._topics:
                self.read_up_to[topic, number] = offsets[topic, number]
                self._seek(TopicPartition(topic, number, offsets[topic, number]))
            self._flowing[number] = generations[number]
        if current and not self._full:
            self._consumer.resume(self._partitions(current))

    def _seek(self, where: TopicPartition) -> None:
        deadline = time.monotonic() + self._settings.broker_wait_s
        while True:
            try:
                self._consumer.seek(where)
                return
            except KafkaException as error:
                # _STATE: librdkafka's main thread has not yet begun with the partition that we just assigned
                if error.args[0].code() != codes.STATE or time.monotonic() > deadline:
                    raise
                self._halt.wait(0.01)

    def _on_revoke(self, _consumer: Consumer, revoked: list[TopicPartition]) -> None:
        numbers = self._let_go(revoked)
        self.group_metadata = self._consumer.consumer_group_metadata()
        if numbers and not self._halt.is_set():
            self._wait(self._owner.revoked(numbers))

    def _on_lost(self, _consumer: Consumer, lost: list[TopicPartition]) -> None:
        logger.warning("partitions lost: %s", sorted((each.topic, each.partition) for each in lost))
        numbers = self._let_go(lost)
        if numbers and not self._halt.is_set():
            self._wait(self._owner.lost(numbers))

    def _let_go(self, gone: list[TopicPartition]) -> set[int]:
        logger.info("revoked %s", sorted((each.topic, each.partition) for each in gone))
        numbers = {each.partition for each in gone}
        for each in gone:
            topics = self._held.get(each.partition, set())
            topics.discard(each.topic)
            if not topics:
                self._held.pop(each.partition, None)
            self.read_up_to.pop((each.topic, each.partition), None)
            self.end_seen.pop((each.topic, each.partition), None)
        for number in numbers:
            self._flowing.pop(number, None)
        # A restore of several numbers of which one goes: `_start` leaves that one out.
        stopped = [self._restoring.pop(number) for number in numbers if number in self._restoring]
        still = {generation for generation, _ in self._restoring.values()}
        for generation, cancelled in stopped:
            if generation not in still:
                cancelled.set()
        rest = [TopicPartition(topic, number) for number in numbers for topic in self._held.get(number, ())]
        if rest:
            self._consumer.pause(rest)
        self._count_assigned()
        return numbers

    def _count_assigned(self) -> None:
        for topic in self._topics:
            metrics.ASSIGNED.labels(topic).set(sum(topic in topics for topics in self._held.values()))

    # -- to the event loop

    def _call(self, function: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:  # the loop is closed: the process is ending
            self._halt.set()

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Future[None]:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        future.add_done_callback(self._report)
        return future  # type: ignore[return-value]

    def _report(self, done: Any) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            self._call(lambda: self._owner.failed(error))

    def _wait(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Until the event loop is through; its errors have been reported there, and the thread ends."""
        future: Any = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        while True:
            try:
                future.result(0.2)
                return
            except TimeoutError:
                if future.done():
                    raise
                self.last_turn = time.monotonic()
                if self._halt.is_set():
                    return
