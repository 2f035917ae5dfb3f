"""Serial delivery with a gate. Everything here runs on the event loop.

One batch is in flight per process. The next one is handed out when all agents of the previous one have acknowledged
it, so agents never interleave at an `await`, and an open transaction is always a set of *whole* batches. The gate is
closed while a commit runs and while someone holds the transaction exclusively (a revocation, a timer).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from mode import get_logger
from prometheus_client import Histogram

from . import metrics
from .batch import RecordBatch
from .errors import DataPlaneError, Misplaced, PartitionsLost, TransactionFailed
from .settings import DataPlaneSettings
from .transaction import TransactionalProducer

logger = get_logger(__name__)


class Dispatcher:
    """Queue, gate and commit schedule.

    `channels_of(topic)` gives the queues of the agents that read a topic; `take()` what more was fetched, when nothing
    waits any more; `group_metadata()` the consumer's current membership; `on_failure(error)` is called once, after
    which nothing is handed out or committed any more.
    """

    def __init__(
        self,
        settings: DataPlaneSettings,
        producer: TransactionalProducer,
        channels_of: Callable[[str], Collection[Any]],
        take: Callable[[], list[RecordBatch]],
        group_metadata: Callable[[], Any],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._settings = settings
        self._producer = producer
        self._channels_of = channels_of
        self._take = take
        self._group_metadata = group_metadata
        self._on_failure = on_failure
        self.executor = ThreadPoolExecutor(1, "rdkafka-transaction")
        self.failure: BaseException | None = None
        #: partition number -> generation that may be worked on.
        self.generations: dict[int, int] = {}
        #: (topic, partition) -> next offset to read, committed.
        self.positions: dict[tuple[str, int], int] = {}
        self.in_flight: RecordBatch | None = None
        self.in_flight_since = 0.0
        self.commit_since = 0.0
        #: Records and bytes delivered and done with; the fetch thread compares them with what it fetched.
        self.records_done = 0
        self.bytes_done = 0
        self._waiting: deque[RecordBatch] = deque()
        self._acknowledged: dict[tuple[str, int], int] = {}
        self._in_commit: dict[tuple[str, int], int] = {}
        self._read: dict[str, int] = {}
        self._measured: dict[str, tuple[Histogram, Histogram]] = {}
        self._records = 0
        self._behind = False
        self._began = 0.0
        self._last_commit = 0.0
        self._committing = False
        self._held = False
        self._turn = asyncio.Lock()
        self._quiet_waiters: list[asyncio.Future[None]] = []
        self._idle_timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    # -- delivery

    def _queue(self, batches: Iterable[RecordBatch]) -> None:
        """Batches of an assignment that has ended are dropped: they will be read again."""
        for batch in batches:
            if self.generations.get(batch.partition) == batch.generation:
                self._waiting.append(batch)
            else:
                self._done(batch)

    def hand_out(self) -> bool:
        """Hand out the next batch, if the gate is open and there is one. -> whether something is under way."""
        if self.in_flight is not None or self._committing or self._held or self.failure is not None:
            return True
        while not self._waiting:
            batches = self._take()
            if not batches or self.failure is not None:
                return False
            self._queue(batches)
        batch = self._waiting.popleft()
        channels = self._channels_of(batch.topic)
        batch.agents_left = len(channels)
        self.in_flight, self.in_flight_since = batch, time.monotonic()
        if not self._acknowledged:
            self._began = self.in_flight_since
        self._producer.accepting = True
        for channel in channels:
            channel.queue.put_nowait(batch)  # not an Event: the stream hands it on as it is, no sensors, no ack
        return True

    def acknowledge(self, batch: RecordBatch) -> None:
        """An agent is through with `batch`."""
        if batch is not self.in_flight:
            raise Misplaced(f"{batch!r} was acknowledged but is not in flight: call ack() once per agent and batch")
        batch.agents_left -= 1
        if batch.agents_left:
            return
        now = time.monotonic()
        measured = self._measured.get(batch.topic)
        if measured is None:
            measured = (metrics.BATCH_SECONDS.labels(batch.topic), metrics.BATCH_RECORDS.labels(batch.topic))
            self._measured[batch.topic] = measured
        measured[0].observe(now - self.in_flight_since)
        measured[1].observe(len(batch))
        self.in_flight = None
        self._producer.accepting = False
        where = batch.topic, batch.partition
        before = self._acknowledged.get(where, self.positions.get(where, 0))
        if batch.next_offset <= before:
            self.fail(DataPlaneError(f"{batch!r} came after {before}: nothing may count twice, so the worker ends"))
            return
        self._acknowledged[where] = batch.next_offset
        self._read[batch.topic] = self._read.get(batch.topic, 0) + len(batch)
        self._records += len(batch)
        self._done(batch)
        self._behind = time.time() - (batch.records[0].timestamp()[1] / 1000) > self._settings.backlog_after_s
        self._proceed(now)

    def _proceed(self, now: float) -> None:
        """What comes after a batch: the holder, a commit, the next batch, or a commit as soon as it is worth one."""
        if self.failure is not None:
            return
        self._producer.serve()
        if self._held:
            self._wake()
        elif self._records >= self._settings.commit_every_records or now - self._began >= self._commit_interval_s:
            self._start_commit()
        elif not self.hand_out():
            self._commit_when_idle(now)

    @property
    def _commit_interval_s(self) -> float:
        settings = self._settings
        longer = max(settings.commit_interval_ms, settings.backlog_commit_interval_ms)
        return (longer if self._behind else settings.commit_interval_ms) / 1000

    def _commit_when_idle(self, now: float) -> None:
        if self._idle_timer is None:
            wait = self._last_commit + self._settings.idle_commit_ms / 1000 - now
            self._idle_timer = self._loop.call_later(max(0.0, wait), self._idle)

    def _idle(self) -> None:
        self._idle_timer = None
        if self.in_flight is None and not self._committing and not self._held and self.unfinished:
            self._start_commit()

    def _done(self, batch: RecordBatch) -> None:
        self.records_done += len(batch)
        self.bytes_done += batch.size

    # -- the transaction

    @property
    def unfinished(self) -> bool:
        """Whether the open transaction holds anything."""
        return bool(self._acknowledged or self._producer.produced)

    def _start_commit(self) -> None:
        if self.failure is None:
            self._committing = True
            self._loop.create_task(self._commit_and_go_on())

    async def _commit_and_go_on(self) -> None:
        try:
            await self._commit()
        except BaseException as error:  # noqa: BLE001 whatever it was: memory is ahead of Kafka now
            self.fail(error)
            return
        self._wake()
        self.hand_out()

    async def _commit(self) -> None:
        """Commit all that was acknowledged and produced. The gate must be closed."""
        commit = self._begin_commit()
        try:
            async with asyncio.timeout(self._commit_limit_s):
                await self._loop.run_in_executor(self.executor, commit)
        except TimeoutError as error:
            raise self._commit_overdue() from error
        self._committed()

    def _begin_commit(self) -> Callable[[], None]:
        """-> what the executor has to do, which blocks."""
        self._committing = True
        self.commit_since = time.monotonic()
        self._in_commit, self._acknowledged = self._acknowledged, {}
        offsets = [(topic, partition, offset) for (topic, partition), offset in self._in_commit.items()]
        return partial(self._producer.commit, offsets, self._group_metadata())

    @property
    def _commit_limit_s(self) -> float:
        # The broker aborts a transaction of this age; and librdkafka's send_offsets, repeated after the broker was
        # restarted, was seen not to return at all in spite of its timeout.
        return self._settings.transaction_timeout_ms / 1000 + 2

    def _commit_overdue(self) -> TransactionFailed:
        return TransactionFailed(
            f"a commit took longer than {self._commit_limit_s:.0f} s, so the broker aborts it: is the broker "
            "reachable? The worker ends and is to be started again"
        )

    def _committed(self) -> None:
        self._last_commit = time.monotonic()
        metrics.COMMIT_SECONDS.observe(self._last_commit - self.commit_since)
        self._committing = False
        self.commit_since = 0.0
        self.positions.update(self._in_commit)
        self._in_commit = {}
        metrics.TRANSACTIONS.labels("committed").inc()
        for topic, count in self._read.items():
            metrics.EVENTS_IN.labels(topic).inc(count)
        for topic, count in self._producer.produced.items():
            metrics.EVENTS_OUT.labels(topic).inc(count)
        self._read.clear()
        self._producer.produced.clear()
        self._records = 0

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Hold the transaction between two batches: none is in flight, none is handed out. Records may be produced."""
        async with self._turn:
            self._held = True
            try:
                while self.in_flight is not None or self._committing:
                    self._check()
                    waiter: asyncio.Future[None] = self._loop.create_future()
                    self._quiet_waiters.append(waiter)
                    await waiter
                self._check()
                self._producer.accepting = True
                yield
            finally:
                self._producer.accepting = False
                self._held = False
        if not self._turn.locked() and not self.hand_out() and self.unfinished:
            self._commit_when_idle(time.monotonic())

    async def commit_now(self) -> None:
        """Commit at once. Only inside of `exclusive`."""
        if self.unfinished:
            self._producer.accepting = False
            try:
                await self._commit()
            except BaseException as error:
                self.fail(error)
                raise

    def _wake(self) -> None:
        waiters, self._quiet_waiters = self._quiet_waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _check(self) -> None:
        if self.failure is not None:
            raise DataPlaneError("the data plane has failed") from self.failure

    # -- partitions

    async def give_up(self, partitions: Collection[int]) -> None:
        """Orderly revocation: drop what no agent has started, wait for the batch in flight, commit what is done.

        Raises DataPlaneError when that is not possible; nothing of it is then visible.
        """
        self._forget(partitions)
        try:
            async with asyncio.timeout(self._settings.revoke_wait_s), self.exclusive():
                await self.commit_now()
        except TimeoutError as error:
            stuck = DataPlaneError(
                f"partitions {sorted(partitions)} were revoked, and {self.in_flight!r} did not end within "
                f"{self._settings.revoke_wait_s} s (revoke_wait_s)"
            )
            self.fail(stuck)
            raise stuck from error

    def give_up_between_batches(self, partitions: Collection[int]) -> None:
        """As `give_up`, from within `take`: no batch is in flight, and the event loop stands still for the commit."""
        self._forget(partitions)
        if not self.unfinished:
            return
        try:
            self.executor.submit(self._begin_commit()).result(self._commit_limit_s)
            self._committed()
        except TimeoutError as error:
            overdue = self._commit_overdue()
            self.fail(overdue)
            raise overdue from error
        except BaseException as error:
            self.fail(error)
            raise

    def lose(self, partitions: Collection[int]) -> None:
        """The group gave partitions away without asking: uncommitted work on them must not become visible.

        Raises PartitionsLost, and fails the process, when there is such work.
        """
        self._forget(partitions)
        touched = {partition for _, partition in self._acknowledged}
        if self.in_flight is not None:
            touched.add(self.in_flight.partition)
        if self._committing or touched & set(partitions):
            lost = PartitionsLost(
                f"partitions {sorted(partitions)} were given to another member while work on them was not committed; "
                "the worker ends and is to be started again"
            )
            self.fail(lost)
            raise lost

    def _forget(self, partitions: Collection[int]) -> None:
        gone = set(partitions)
        for partition in gone:
            self.generations.pop(partition, None)
        kept: deque[RecordBatch] = deque()
        for batch in self._waiting:
            if batch.partition in gone:
                self._done(batch)
            else:
                kept.append(batch)
        self._waiting = kept
        for key in [key for key in self.positions if key[1] in gone]:
            del self.positions[key]

    # -- failure

    def fail(self, error: BaseException) -> None:
        """Close the gate for good. The first error counts."""
        if self.failure is not None:
            return
        self.failure = error
        self._producer.accepting = False
        self._producer.halt()
        self._waiting.clear()
        self._wake()
        self._on_failure(error)
