"""The Faust side: transport, consumer, producer, conductor, fetcher and the start order.

Faust stays the frame (app, worker, agents, timers, services, command line); its own consumer, producer, tables,
assignor and recovery do not run. An item that reaches an agent is a `RecordBatch`, not an event: no sensors, no
per-message acknowledgement, no serializers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, ClassVar, NoReturn

import confluent_kafka
from faust.transport import base, conductor, consumer, producer
from faust.types import TP
from faust.types.tuples import RecordMetadata
from mode import Service, get_logger
from mode.utils.futures import notify

from .errors import Misplaced
from .plane import DataPlane

logger = get_logger(__name__)


def bootstrap_servers(urls: Iterable[Any]) -> str:
    """librdkafka's list of brokers from Faust's list of URLs."""
    return ",".join(f"{url.host or '127.0.0.1'}:{url.port or Transport.default_port}" for url in urls)


class Consumer(consumer.Consumer):  # type: ignore[misc]
    """Faust's view of the group consumer; the work is in `FetchThread` and `Dispatcher`."""

    logger = logger

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.plane = DataPlane.of(self.app)

    async def subscribe(self, topics: Iterable[str]) -> None:
        await self.plane.start_consumer(bootstrap_servers(self.transport.url), sorted(topics))

    async def commit(self, *_arguments: Any, **_options: Any) -> bool:
        """Faust asks for this periodically; the data plane commits by its own schedule."""
        return False

    async def on_task_error(self, exc: BaseException) -> None:
        """An agent raised: its batch must not be committed, and nobody knows how far it came."""
        self.plane.fail(exc)

    def assignment(self) -> set[TP]:
        # While Faust stops it would clear the agents' queues if there was an assignment; the batch in flight may
        # still lie in one of them, and the data plane finishes it.
        fetch = self.plane.fetch
        return set() if fetch is None or self.app.should_stop else {TP(*held) for held in fetch.held()}

    async def on_stop(self) -> None:
        await self.plane.stop()

    def close(self) -> None:
        """The fetch thread closes the consumer."""

    def _unsupported(self, *_arguments: Any, **_options: Any) -> NoReturn:
        raise Misplaced("not available on the rdkafka transport; see its README")

    _commit = _getmany = _new_topicpartition = _seek = _to_message = create_topic = _unsupported
    earliest_offsets = highwater = highwaters = key_partition = position = _unsupported
    seek_to_committed = seek_wait = topic_partitions = perform_seek = _unsupported


Consumer.__abstractmethods__ = frozenset()


class Producer(producer.Producer):  # type: ignore[misc]
    """Faust's view of the transactional producer."""

    logger = logger

    async def on_start(self) -> None:
        await DataPlane.of(self.app).start_producer(bootstrap_servers(self.transport.url))
        await super().on_start()

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: Any,
        **_options: Any,
    ) -> Awaitable[RecordMetadata]:
        """Into the open transaction, or one of its own between two batches. The offset is not known yet: -1."""
        plain = list(headers.items()) if isinstance(headers, Mapping) else list(headers or []) or None
        where = -1 if partition is None else partition
        await DataPlane.of(self.app).send(topic, key, value, where, plain, int((timestamp or 0) * 1000))
        done: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        done.set_result(RecordMetadata(topic, where, TP(topic, where), -1))
        return done

    async def send_and_wait(self, *arguments: Any, **options: Any) -> RecordMetadata:
        return await (await self.send(*arguments, **options))

    async def flush(self) -> None:
        """Faust asks for this on its way out; commits flush."""

    async def create_topic(self, *_arguments: Any, **_options: Any) -> None:
        """Topics are declared elsewhere: their partition counts and compaction matter too much for a worker."""

    def supports_headers(self) -> bool:
        return True


class Conductor(conductor.Conductor):  # type: ignore[misc]
    """Subscribes once, when the agents have started."""

    @Service.task  # type: ignore[untyped-decorator]
    async def _subscriber(self) -> None:
        await self.app.agents.wait_until_agents_started()
        for agent in self.app.agents.values():
            if agent.concurrency != 1:
                raise Misplaced(f"agent {agent.name} has concurrency {agent.concurrency}: batches are serial, use 1")
        topics = list(await self._update_indices())
        if topics:
            self.app.flow_control.resume()  # Faust's recovery service would do this
            await self.app.consumer.subscribe(topics)
        else:
            logger.warning("no agent reads a topic: this worker consumes nothing")
        notify(self._subscription_done)

    def acks_enabled_for(self, _topic: str) -> bool:
        return False


class Fetcher(Service):  # type: ignore[misc]
    """Stopped first by Faust, while the agents still run: here the orderly end begins."""

    def __init__(self, app: Any, **options: Any) -> None:
        self.app = app
        super().__init__(**options)

    async def on_stop(self) -> None:
        await DataPlane.of(self.app).stop()


class Boot:
    """Stands in for Faust's BootStrategy: what is started, in this order, and stopped in reverse."""

    def __init__(self, stock: Any) -> None:
        self.stock = stock

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stock, name)

    def server(self) -> list[Any]:
        """Services of a worker."""
        app = self.stock.app
        if len(app.tables):
            raise Misplaced("Faust tables need Faust's own transport: keep state in a RowStore")
        return [
            *self.stock.sensors(), app.producer, *self.stock.web_server(), app.consumer, app.agents, app.topics,
            app._fetcher,  # noqa: SLF001 (the name of the service in Faust)
        ]  # fmt: skip


class Transport(base.Transport):  # type: ignore[misc]
    """`broker="rdkafka://host:port"`."""

    Consumer: ClassVar[Any] = Consumer
    Producer: ClassVar[Any] = Producer
    Conductor: ClassVar[Any] = Conductor
    Fetcher: ClassVar[Any] = Fetcher
    default_port = 9092
    driver_version = f"confluent_kafka={confluent_kafka.__version__}"

    def __init__(self, url: Any, app: Any, loop: asyncio.AbstractEventLoop | None = None) -> None:
        super().__init__(url, app, loop)
        if app.conf.processing_guarantee.name != "AT_LEAST_ONCE":
            raise Misplaced("leave processing_guarantee alone: this transport is transactional by itself")
        if not isinstance(app.boot_strategy, Boot):
            app.boot_strategy = Boot(app.boot_strategy)
