"""The data plane of one Faust app: what user code talks to, and what holds the parts together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import faust
from confluent_kafka import Consumer, Message
from confluent_kafka.admin import AdminClient
from mode import get_logger

from . import cluster, collector, metrics
from .batch import RecordBatch
from .dispatcher import Dispatcher
from .errors import DataPlaneError, Misplaced
from .fetch import FetchThread
from .headers import Headers
from .health import HealthServer
from .lag import LagThread
from .origin import kept
from .restore import Restored, Restorer
from .rowstore import RowStore, Store
from .settings import DataPlaneSettings
from .transaction import TransactionalProducer
from .vitals import Vitals

logger = get_logger(__name__)
Row = TypeVar("Row")
PartitionsHook = Callable[[Sequence[int]], None]
_BEAT_S = 0.5


class DataPlane:
    """Attach one to an app before it starts: `plane = DataPlane(app, DataPlaneSettings(...))`.

    An app whose broker is `rdkafka://…` and that has none gets one with default settings at its start.
    """

    def __init__(self, app: faust.App, settings: DataPlaneSettings | None = None) -> None:
        if getattr(app, "data_plane", None) is not None:
            raise Misplaced(f"app {app.conf.id} has a data plane already: use app.data_plane")
        app.data_plane = self
        self.app = app
        self.settings = settings or DataPlaneSettings()
        self.instance = self.settings.instance or uuid.uuid4().hex[:12]
        self.failure: BaseException | None = None
        self._stores: list[Store] = []
        self._on_assigned: list[PartitionsHook] = []
        self._on_revoked: list[PartitionsHook] = []
        self._producer: TransactionalProducer | None = None
        self._dispatcher: Dispatcher | None = None
        self.fetch: FetchThread | None = None
        self._lag: LagThread | None = None
        self._health: HealthServer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = False
        self.vitals = Vitals(self.settings)

    @classmethod
    def of(cls, app: faust.App) -> DataPlane:
        """The data plane of `app`; made with default settings when there is none."""
        plane = getattr(app, "data_plane", None)
        return plane if isinstance(plane, DataPlane) else cls(app)

    # -- before the start

    def add_row_store(self, store: RowStore[Row]) -> RowStore[Row]:
        """As `add_store`, for rows that are published when they are put."""
        self.add_store(store)
        store.produce = self.produce
        return store

    def add_store(self, store: Store) -> None:
        """Have `store` restored on assignment and dropped on revocation. Before the worker starts."""
        if self._dispatcher is not None:
            raise Misplaced("row stores are added before the worker starts")
        self._stores.append(store)

    def on_partitions_assigned(self, hook: PartitionsHook) -> PartitionsHook:
        """Decorator: `hook(partition_numbers)` after their rows are restored and before their first batch."""
        self._on_assigned.append(hook)
        return hook

    def on_partitions_revoked(self, hook: PartitionsHook) -> PartitionsHook:
        """Decorator: `hook(partition_numbers)` after the last commit and before their rows are dropped."""
        self._on_revoked.append(hook)
        return hook

    def main(self) -> None:
        """`app.main()` on uvloop where that is installed. Does not return."""
        with contextlib.suppress(ImportError):
            import uvloop

            asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        self.app.main()

    # -- in an agent

    def produce(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int = -1,
        headers: Headers | None = None,
        timestamp_ms: int = 0,
    ) -> None:
        """Put a record into the open transaction; see `TransactionalProducer.produce`. -1: partition by the key."""
        if self._producer is None:
            raise Misplaced("the data plane has not started: produce in an agent, or in `plane.transaction()`")
        self._producer.produce(topic, key, value, partition, headers, timestamp_ms)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """For timers and services: between two batches, with the right to produce. Keep it short: agents wait.

        What is produced is committed with the next transaction, at the latest when the worker is idle.
        """
        async with self._started.exclusive():
            yield

    def dead_letter(self, record: Message, reason: str, schema_id: int | None = None) -> None:
        """Send `record` to `dead_letter_topic`, in this transaction. `reason` begins with its kind: "kind: detail"."""
        self._put_aside(self.settings.dead_letter_topic, "dead_letter_topic", record, reason, schema_id)
        metrics.DEAD_LETTERS.labels(record.topic(), reason.partition(":")[0]).inc()

    def parked(self, record: Message, reason: str, schema_id: int | None = None) -> None:
        """As `dead_letter`, to `parked_topic`: a record of a kind that this reader does not know yet."""
        self._put_aside(self.settings.parked_topic, "parked_topic", record, reason, schema_id)
        metrics.PARKED.labels(record.topic(), reason.partition(":")[0]).inc()

    def _put_aside(self, topic: str | None, setting: str, record: Message, reason: str, schema_id: int | None) -> None:
        if topic is None:
            raise Misplaced(f"a record was to be put aside, but {setting} is not set in DataPlaneSettings")
        put = kept(record, reason, schema_id)
        self.produce(topic, put.key, put.value, headers=put.headers)

    # -- driven by the transport

    async def start_producer(self, servers: str) -> None:
        """Register the transactional id. Waits for the broker, up to `broker_wait_s`."""
        self._loop = asyncio.get_running_loop()
        self._producer = TransactionalProducer(servers, self.app.conf.id, self.instance, self.settings)
        # From here on without a call in between: this is called for every record.
        self.produce = self._producer.produce  # type: ignore[method-assign]
        for store in self._stores:
            if isinstance(store, RowStore):
                store.produce = self._producer.produce
        index = self.app.topics._topic_name_index  # noqa: SLF001 (Faust keeps no public one)
        self._dispatcher = Dispatcher(
            self.settings, self._producer, index.__getitem__, self._take, self._group_metadata, self._on_failure
        )
        self.vitals.dispatcher, self.vitals.stores = self._dispatcher, self._stores
        self._producer.on_delivery_error = lambda error: self._call(lambda: self.fail(error))
        await self._loop.run_in_executor(self._dispatcher.executor, self._producer.open)
        if self.settings.http_port is not None:
            self._health = HealthServer(
                self.settings.http_host, self.settings.http_port, self.vitals.live, self.vitals.ready
            )
            self._health.start()
            logger.info("metrics and health on http://%s:%d", self.settings.http_host, self._health.port)
        collector.relax()
        self._beat()

    async def start_consumer(self, servers: str, topics: list[str]) -> None:
        """Check the topics and join the group."""
        loop, dispatcher = asyncio.get_running_loop(), self._started
        admin = AdminClient({"bootstrap.servers": servers, **self.settings.security}, logger=logger)
        rows = [store.topic for store in self._stores]
        await loop.run_in_executor(None, cluster.check_topics, admin, topics, rows, self.settings.broker_wait_s)
        await loop.run_in_executor(None, cluster.configure_group, admin, self.app.conf.id, self.settings)
        consumer = Consumer(
            cluster.consumer_configuration(
                servers, self.app.conf.id, self.instance, self.settings, self._on_statistics
            ),
            logger=logger,
        )
        restorer = Restorer(servers, self.app.conf.id, self.settings, self._stores, admin)
        self.fetch = FetchThread(consumer, topics, self.settings, dispatcher, restorer, self, loop)
        self.vitals.fetch = self.fetch
        self.fetch.start()
        self._lag = LagThread(admin, dispatcher, self.fetch, self.settings.lag_every_s)
        self._lag.start()

    @property
    def _started(self) -> Dispatcher:
        if self._dispatcher is None:
            raise Misplaced("the data plane has not started")
        return self._dispatcher

    async def stop(self) -> None:
        """Orderly end: the batch in flight is finished and committed, then the group is left. After a failure
        nothing is committed any more."""
        if self._stopped:
            return
        self._stopped = self.vitals.stopping = True
        if self.fetch is not None and self._loop is not None:
            if self._dispatcher is not None and self.failure is None:
                with contextlib.suppress(DataPlaneError):  # it has been recorded by `fail`
                    await self._dispatcher.give_up(list(self._dispatcher.generations))
            self.fetch.halt()
            await self._loop.run_in_executor(None, self.fetch.join, self.settings.exit_grace_s)
        if self._lag is not None:
            self._lag.halt()
        if self._health is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._health.stop)

    async def send(self, *record: Any) -> None:
        """Faust's own send path: waits for room without blocking the loop, and for a transaction if none is open."""
        if self._producer is not None and self._producer.accepting:
            await self._produce_with_room(record)
        else:
            async with self._started.exclusive():
                await self._produce_with_room(record)

    async def _produce_with_room(self, record: Sequence[Any]) -> None:
        producer, deadline = self._producer, time.monotonic() + self.settings.produce_wait_s
        if producer is None:
            raise Misplaced("the data plane has not started")
        while not producer.room and time.monotonic() < deadline:  # noqa: ASYNC110 (its queue has no event)
            await asyncio.sleep(0.005)
        producer.produce(*record)

    # -- called by the fetch thread, on the event loop

    async def assigned(self, restored: Restored, generations: dict[int, int]) -> None:
        """Install restored rows, tell the hooks, let the partitions flow."""
        dispatcher, fetch = self._started, self.fetch
        if fetch is None:
            return
        numbers = [number for number, generation in generations.items() if fetch.expects(number, generation)]
        for store in self._stores:
            for number in numbers:
                store.install(number, restored.rows[store.topic, number])
        collector.keep_restored()
        self._tell(self._on_assigned, numbers)
        dispatcher.generations.update({number: generations[number] for number in numbers})
        dispatcher.positions.update(
            {where: offset for where, offset in restored.offsets.items() if where[1] in numbers}
        )
        fetch.start_partitions(restored.offsets, generations)

    async def revoked(self, partitions: set[int]) -> None:
        """Commit what is done, tell the hooks, drop the rows."""
        known = self._known(partitions)
        await self._started.give_up(partitions)
        self._dropped(known)

    def revoked_between_batches(self, partitions: set[int]) -> None:
        """As `revoked`, without a turn of the event loop: it is the one that polls."""
        known = self._known(partitions)
        self._started.give_up_between_batches(partitions)
        self._dropped(known)

    def lost(self, partitions: set[int]) -> None:
        """Drop the rows; fails the process if uncommitted work was lost."""
        known = self._known(partitions)
        self._started.lose(partitions)
        self._dropped(known)

    def _known(self, partitions: set[int]) -> list[int]:
        return [number for number in sorted(partitions) if number in self._started.generations]

    def _dropped(self, numbers: Sequence[int]) -> None:
        self._tell(self._on_revoked, numbers)
        for store in self._stores:
            for number in numbers:
                store.drop(number)
                metrics.ROWS.remove(store.topic, str(number))

    def _tell(self, hooks: list[PartitionsHook], numbers: Sequence[int]) -> None:
        for hook in hooks if numbers else ():
            hook(sorted(numbers))

    def failed(self, error: BaseException) -> None:
        """The fetch thread or a restore has ended with `error`."""
        self.fail(error)

    # -- failure

    def fail(self, error: BaseException) -> None:
        """Close the gate, abort the transaction, end the process with a status other than 0."""
        if self._dispatcher is not None:
            self._dispatcher.fail(error)
        else:
            self._on_failure(error)

    def _on_failure(self, error: BaseException) -> None:
        self.failure = error
        logger.error("the data plane failed, nothing more is committed: %s", error)
        if self.fetch is not None:
            self.fetch.halt()
        # Faust stops its services one after the other and may wait for an agent; everything that counts is in Kafka.
        watchdog = threading.Timer(self.settings.exit_grace_s, os._exit, (70,))
        watchdog.daemon = True
        watchdog.start()
        if self._loop is None:
            return
        self._crash = self._loop.create_task(self._abort_and_crash(error))

    async def _abort_and_crash(self, error: BaseException) -> None:
        if self._producer is not None and self._dispatcher is not None and self._loop is not None:
            grace = self.settings.exit_grace_s / 2
            metrics.TRANSACTIONS.labels("aborted").inc()
            try:
                await asyncio.wait_for(
                    self._loop.run_in_executor(self._dispatcher.executor, self._producer.abort, grace), grace
                )
            except Exception as unaborted:  # noqa: BLE001 fenced or out of reach: the broker aborts it by its timeout
                logger.warning("the open transaction is left to the broker to abort: %s", unaborted)
        await self.app.crash(error)

    def _call(self, function: Callable[[], None]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function)

    def _group_metadata(self) -> Any:
        return self.fetch.group_metadata() if self.fetch is not None else None

    def _take(self) -> list[RecordBatch]:
        return self.fetch.take() if self.fetch is not None else []

    # -- health

    def _beat(self) -> None:
        if self._loop is not None and not self._stopped:
            self.vitals.beat()
            self._loop.call_later(_BEAT_S, self._beat)

    def _on_statistics(self, joined: bool) -> None:
        if joined and self.fetch is not None:
            self.fetch.joined = True

    @property
    def http_port(self) -> int | None:
        """The port of /metrics, /live and /ready, once started."""
        return self._health.port if self._health else None
