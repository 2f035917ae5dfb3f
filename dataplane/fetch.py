"""Who polls the group consumer, and what follows from its answers.

One of two has the turn. While there is a backlog the event loop takes records itself, between two batches (`take`):
fetched in another thread they would cost a fifth more, since both share one interpreter lock. When nothing is there the
thread polls, so that the first record wakes the loop. Rebalance callbacks run inside of a poll, so in either of the
two. A loop that is busy with one batch for longer than `poll_patience_ms` loses the turn: the thread pauses the
partitions and polls, so that the group keeps us and a revocation is noticed.

An assigned partition is paused at once, restored by a thread of its own, and then started at the exact offset of the
restore. Partition numbers, not single partitions, are the unit: `dataplane/assignments.py`.
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

from . import codes
from .assignments import Assignments
from .batch import RecordBatch
from .dispatcher import Dispatcher
from .errors import DataPlaneError
from .positions import Positions
from .restore import Restored, Restorer
from .settings import DataPlaneSettings

logger = get_logger(__name__)
_POLL_S = 0.1
"""A record ends it at once. What else waits for it is rare: a restored partition, the end."""
_RESTORE = threading.Semaphore(2)  # restores at a time: more would only take the processor from what flows


class Owner(Protocol):
    """What the data plane is told; all of it is called on the event loop."""

    async def assigned(self, restored: Restored, generations: dict[int, int]) -> None:
        """Rows of these partitions are restored: install them and let the partitions flow."""

    async def revoked(self, partitions: set[int]) -> None:
        """Give partitions up in order; returns when nothing of them is left."""

    def revoked_between_batches(self, partitions: set[int]) -> None:
        """As `revoked`, from within `take`: nothing is in flight, and the loop itself waits for the commit."""

    def lost(self, partitions: set[int]) -> None:
        """Partitions are gone already."""

    def failed(self, error: BaseException) -> None:
        """Polling or a restore has ended with an error."""


class FetchThread(threading.Thread):
    """Polls or lets the event loop poll, batches by partition, and speaks with the group."""

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
        self._assignments = Assignments(self._topics)
        self._paused = False
        self._thread_has_turn = threading.Event()
        self._thread_has_turn.set()
        self._loop_took = 0.0
        self._lock = threading.RLock()  # held while the turn is used by the loop, or changes hands
        self._handed_over: list[RecordBatch] = []  # fetched by the thread, not yet taken by the loop
        self._loop_thread = threading.get_ident()
        self.records_fetched = 0
        self.bytes_fetched = 0
        self.positions = Positions(self._seek)
        self.last_turn = time.monotonic()
        self._group_metadata: Any = None
        self._look_s = min(_POLL_S, settings.poll_patience_ms / 1000)
        #: The group has answered: this member is part of it, with or without partitions.
        self.joined = False

    # -- on the event loop

    def take(self) -> list[RecordBatch]:
        """Between two batches: what is there already, by partition. If that is nothing, the thread has the turn."""
        with self._lock:
            if self._handed_over:  # what the thread fetched is older than anything that is fetched now
                batches, self._handed_over = self._handed_over, []
                return batches
            if self._thread_has_turn.is_set() or self._halt.is_set():
                return []
            batches = []
            try:
                if not self._commands:
                    batches = self._batches(self._consumer.consume(self._settings.batch_records, 0))
                if not batches:  # the commit that comes now must not be of an older membership
                    self._group_metadata = self._consumer.consumer_group_metadata()
            except BaseException as error:  # noqa: BLE001 (ends the process)
                self._owner.failed(error)
            if batches:
                self._loop_took = time.monotonic()
            else:
                self._thread_has_turn.set()
            return batches

    def group_metadata(self) -> Any:
        """Our membership, for the transaction's offset commit; the group refuses a stale one."""
        with self._lock:
            # While the thread polls, a call from here would wait for the handle's lock: the thread asks after each.
            if not self._thread_has_turn.is_set() and not self._halt.is_set():
                self._group_metadata = self._consumer.consumer_group_metadata()
            return self._group_metadata

    # -- from other threads

    def halt(self) -> None:
        """End the thread; it leaves the group on its way out."""
        self._halt.set()

    @property
    def ready(self) -> bool:
        """Joined, and every partition held is restored and flows."""
        return self.joined and self._assignments.all_flow

    def held(self) -> list[tuple[str, int]]:
        """Topic-partitions assigned to this worker."""
        return self._assignments.held()

    def expects(self, partition: int, generation: int) -> bool:
        """Whether this assignment of `partition` still stands and waits for its restore."""
        return self._assignments.expects(partition, generation)

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
                if self._thread_has_turn.wait(self._look_s) or self._turn_taken_back():
                    self._poll()
        except BaseException as error:  # noqa: BLE001 (reported below, whatever it was)
            failure = error
        finally:
            self._assignments.cancel()
            self._halt.set()
            try:
                self._consumer.close()
            except Exception as error:  # noqa: BLE001
                failure = failure or error
        if failure is not None:
            self._call(lambda: self._owner.failed(failure))

    def _poll(self) -> None:
        while self._commands:
            self._commands.popleft()()
        if self._paused and self.records_fetched == self._dispatcher.records_done:
            self._paused = False
            self._resume(self._assignments.flowing)
        # Every call gives the interpreter's lock away and may wait 5 ms to get it back, so as few as possible:
        # what is there already, else wait for one record (consume(n, t) would wait for n, or all of t).
        messages = self._consumer.consume(self._settings.batch_records, 0)
        if not messages and (message := self._consumer.poll(_POLL_S)) is not None:
            messages = [message, *self._consumer.consume(self._settings.batch_records - 1, 0)]
        self._group_metadata = self._consumer.consumer_group_metadata()
        batches = self._batches(messages)
        if batches:
            with self._lock:  # both or neither: with the turn and without these, the loop would fetch past them
                self._handed_over += batches
                if not self._paused:
                    self._loop_took = time.monotonic()
                    self._thread_has_turn.clear()
            self._call(self._dispatcher.hand_out)

    def _turn_taken_back(self) -> bool:
        """Whether the loop had the turn for too long without using it; its partitions are paused then, which throws
        away what librdkafka prefetched."""
        with self._lock:
            if time.monotonic() - self._loop_took < self._settings.poll_patience_ms / 1000:
                return False
            if not self._thread_has_turn.is_set():
                self._thread_has_turn.set()
                self._paused = True
                logger.info("the event loop is busy: reading is paused")
                self._consumer.pause(self._assignments.partitions(self._assignments.flowing))
            return True

    def _batches(self, messages: list[Message]) -> list[RecordBatch]:
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
        for (topic, partition), fetched in by_partition.items():
            generation = self._assignments.flowing.get(partition)
            if generation is None:
                continue  # fetched between the assignment and the pause; read again from the restored offset
            records = self.positions.not_read_yet(topic, partition, fetched)
            if not records:
                continue
            batch = RecordBatch(self._dispatcher, topic, partition, records, generation, sum(map(len, records)))
            self.positions.read_up_to[topic, partition] = batch.next_offset
            self.records_fetched += len(batch)
            self.bytes_fetched += batch.size
            batches.append(batch)
        return batches

    def _on_message_error(self, message: Message) -> None:
        error: Any = message.error()
        if error.code() == codes.PARTITION_EOF:
            self.positions.saw_end(message)
        elif error.fatal() or not (error.retriable() or error.code() in codes.WAITED_FOR):
            raise DataPlaneError(
                f"reading {message.topic() or 'as a member of the group'} failed: {error.name()}: {error.str()}"
            ) from KafkaException(error)

    # -- rebalance callbacks, called from within poll() or close()

    def _on_assign(self, consumer: Consumer, assigned: list[TopicPartition]) -> None:
        self.joined = True
        start = [TopicPartition(place.topic, place.partition, OFFSET_BEGINNING) for place in assigned]
        if self._settings.group_protocol == "consumer":
            consumer.incremental_assign(start)
        else:
            consumer.assign(start)
        if assigned:
            consumer.pause([TopicPartition(place.topic, place.partition) for place in assigned])
        if complete := self._assignments.add(assigned):
            threading.Thread(
                target=self._restore, args=self._assignments.restore(complete), name="rdkafka-restore", daemon=True
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
        current = self._assignments.restored(generations)
        for number in current:
            for topic in self._topics:
                self.positions.begin(topic, number, offsets[topic, number])
            self._assignments.flowing[number] = generations[number]
        if current and not self._paused:
            self._resume(current)

    def _resume(self, numbers: Iterable[int]) -> None:
        """Read paused partitions on from where we are in each. librdkafka alone may forget a seek after which it gave
        no record (seen with partitions that are assigned without a group), and begin at the partition's beginning."""
        places = self._assignments.partitions(numbers)
        read_up_to = self.positions.read_up_to
        for place in places:
            self._seek(TopicPartition(place.topic, place.partition, read_up_to[place.topic, place.partition]))
        if places:
            self._consumer.resume(places)

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
        self._group_metadata = self._consumer.consumer_group_metadata()
        if not numbers or self._halt.is_set():
            return
        if threading.get_ident() == self._loop_thread:
            self._owner.revoked_between_batches(numbers)
        else:
            self._wait(self._owner.revoked(numbers))

    def _on_lost(self, _consumer: Consumer, lost: list[TopicPartition]) -> None:
        logger.warning("partitions lost: %s", sorted((place.topic, place.partition) for place in lost))
        numbers = self._let_go(lost)
        if not numbers or self._halt.is_set():
            return
        if threading.get_ident() == self._loop_thread:
            self._owner.lost(numbers)
        else:
            self._wait(self._lost(numbers))

    async def _lost(self, numbers: set[int]) -> None:
        self._owner.lost(numbers)

    def _let_go(self, gone: list[TopicPartition]) -> set[int]:
        for place in gone:
            self.positions.forget(place.topic, place.partition)
        if rest := self._assignments.remove(gone):
            self._consumer.pause(rest)
        return {place.partition for place in gone}

    # -- to the event loop

    def _call(self, function: Callable[[], object]) -> None:
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
