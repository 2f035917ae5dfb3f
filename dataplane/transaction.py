"""The transactional producer: everything here either ends in a committed transaction or in an exception."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicPartition
from mode import get_logger

from . import codes
from .errors import DeliveryFailed, Misplaced, TransactionFailed
from .headers import Headers
from .settings import DataPlaneSettings

logger = get_logger(__name__)
Result = TypeVar("Result")
_POLL_EVERY = 512  # records between two servings of librdkafka's callbacks


class TransactionalProducer:
    """One librdkafka producer with one transaction at a time.

    `produce` is called on the event loop while `accepting` is set; `open`, `commit` and `abort` block and are called
    from one executor thread while `accepting` is cleared. No callback runs for a delivered record: `commit` waits for
    all deliveries and fails if one failed.
    """

    def __init__(self, servers: str, app_id: str, instance: str, settings: DataPlaneSettings) -> None:
        self._settings = settings
        self._halt = threading.Event()
        self.delivery_error: DeliveryFailed | None = None
        #: Called, on any thread, with the first delivery error.
        self.on_delivery_error: Callable[[DeliveryFailed], None] = lambda _error: None
        #: Whether records may be produced now: a batch is in flight, or `DataPlane.transaction` is held.
        self.accepting = False
        #: Records produced in the open transaction, by topic.
        self.produced: Counter[str] = Counter()
        self._until_poll = _POLL_EVERY
        self._client = Producer(
            {
                "bootstrap.servers": servers,
                "client.id": f"{app_id}-{instance}",
                "transactional.id": f"{app_id}-{instance}",
                "transaction.timeout.ms": settings.transaction_timeout_ms,
                "partitioner": "murmur2_random",  # as Java's clients, so that topics are co-partitioned
                "compression.type": settings.compression,
                "linger.ms": settings.linger_ms,
                "batch.size": 262_144,
                "queue.buffering.max.messages": 200_000,
                "queue.buffering.max.kbytes": 131_072,
                "delivery.report.only.error": True,
                "on_delivery": self._on_delivery,
                **settings.security,
                **settings.producer_options,
            },
            logger=logger,
        )
        self._produce = self._client.produce

    def produce(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int = -1,
        headers: Headers | None = None,
        timestamp_ms: int = 0,
    ) -> None:
        """Put a record into the open transaction. Waits (blocking) up to `produce_wait_s` for room in the queue.

        Raises Misplaced outside of a transaction, DeliveryFailed when an earlier record was refused.
        """
        if not self.accepting:
            raise Misplaced(
                f"a record for {topic} was produced outside of a transaction: produce between receiving a batch and "
                "its ack(), or inside `async with plane.transaction():`"
            )
        try:
            if headers is None and not timestamp_ms:
                self._produce(topic, value, key, partition)
            else:
                self._produce(topic, value, key, partition, timestamp=timestamp_ms, headers=headers or [])
        except BufferError:
            self._produce_when_there_is_room(topic, value, key, partition, timestamp_ms, headers)
        except KafkaException as error:
            raise self._refused(topic, error.args[0]) from error
        self.produced[topic] += 1
        self._until_poll -= 1
        if self._until_poll <= 0:
            self._until_poll = _POLL_EVERY
            self._client.poll(0)
            if self.delivery_error is not None:
                raise self.delivery_error

    def _produce_when_there_is_room(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        partition: int,
        timestamp_ms: int,
        headers: Headers | None,
    ) -> None:
        deadline = time.monotonic() + self._settings.produce_wait_s
        while True:
            self._client.flush(0.05)  # as `poll`, and what waits for others is sent now
            if self.delivery_error is not None:
                raise self.delivery_error
            try:
                self._produce(topic, value, key, partition, timestamp=timestamp_ms, headers=headers or [])
                return
            except BufferError:
                if time.monotonic() > deadline:
                    raise DeliveryFailed(
                        f"no room in the producer's queue for {self._settings.produce_wait_s} s while producing to "
                        f"{topic}: is the broker reachable?"
                    ) from None
            except KafkaException as error:
                raise self._refused(topic, error.args[0]) from error

    # Every call on a confluent_kafka handle takes its lock, which `commit` holds: only while `accepting`.

    @property
    def room(self) -> bool:
        """Whether the producer's queue is far from full (used by sends that can wait without blocking the loop)."""
        return len(self._client) < 100_000

    def serve(self) -> None:
        """Run librdkafka's callbacks that are due."""
        self._client.poll(0)

    def _refused(self, topic: str, error: KafkaError) -> DeliveryFailed:
        return self.delivery_error or DeliveryFailed(f"a record for {topic} was refused: {error.name()}: {error.str()}")

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        # After the first refusal, of a record or of the transaction, librdkafka purges the rest: consequences only.
        if error is None or self.delivery_error is not None or error.code() in codes.PURGED:
            return
        self.delivery_error = DeliveryFailed(
            f"a record for {message.topic()}[{message.partition()}] was refused: {error.name()}: {error.str()}"
        )
        self.on_delivery_error(self.delivery_error)

    # -- blocking, in the executor's thread

    def open(self) -> None:
        """Register the transactional id (which fences and aborts a predecessor of the same name) and begin."""
        self._patiently("init_transactions", lambda: self._client.init_transactions(10))
        self._client.begin_transaction()

    def commit(self, offsets: Iterable[tuple[str, int, int]], group_metadata: Any) -> None:
        """Commit what was produced together with `offsets` (topic, partition, next offset) and begin anew.

        Raises TransactionFailed or DeliveryFailed; the transaction must then be aborted and the process ended.
        """
        positions = [TopicPartition(topic, partition, offset) for topic, partition, offset in offsets]
        client = self._client
        if positions:
            self._patiently("send_offsets", lambda: client.send_offsets_to_transaction(positions, group_metadata, 10))
        self._patiently("commit", lambda: client.commit_transaction(10))
        client.begin_transaction()

    def abort(self, timeout_s: float) -> None:
        """Abort the open transaction if the broker can be reached. Raises KafkaException if that did not work."""
        self._client.abort_transaction(timeout_s)

    def halt(self) -> None:
        """Stop waiting for an absent broker."""
        self._halt.set()

    def _patiently(self, step: str, call: Callable[[], Result]) -> Result:
        """Repeat `call` while its error says that it may be repeated, up to `broker_wait_s`."""
        deadline = time.monotonic() + self._settings.broker_wait_s
        while True:
            try:
                return call()
            except KafkaException as failure:
                error: KafkaError = failure.args[0]
                final = error.fatal() or error.txn_requires_abort() or not error.retriable()
                if final or self._halt.is_set() or time.monotonic() > deadline:
                    self._client.poll(0)  # the delivery report that says why
                    raise self.delivery_error or TransactionFailed(
                        f"{step} failed: {error.name()}: {error.str()}; the worker ends and is to be started again"
                    ) from failure
                logger.warning("%s waits for the broker: %s", step, error.name())
                self._halt.wait(0.2)
