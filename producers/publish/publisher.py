"""Statements onto the wire, each once: an idempotent producer that waits when the cluster is slower."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicCollection
from confluent_kafka.admin import AdminClient

from producers.publish.encoding import Encoded, Encoding
from producers.publish.statement import Ready, Statement
from runtime import cloud_events
from runtime.cloud_events import Headers
from runtime.settings import Settings
from runtime.traces import traces_of
from wire.codec import encoder
from wire.contracts import Contract, contracts
from wire.pseudonym import Pseudonyms
from wire.registry import Registry, RegistryRefused
from wire.topics import subject_of

FLUSH_S = 120.0
DELIVERY_S = 90.0


class PublishRefused(Exception):
    """Nothing can be published as things are; the message says why and what to do."""


class NotDelivered(Exception):
    """The cluster did not take some events. What was sent may be sent again: the same statement is the same event."""


class Sent(NamedTuple):
    """An event that was handed to the producer."""

    event_id: str
    topic: str
    key: bytes


class _Topic(NamedTuple):
    wire_name: str
    encoding: Encoding
    source: bytes
    types: dict[str, bytes]


class Publisher:
    """Publishes statements of departments. One per thread; leave it with `with` or `close()`, both flush.

    `publish` returns when the event is queued; `flush` when the cluster has all of them, written to every in-sync
    replica. Both raise NotDelivered once an event could not be delivered, for which the cluster has `patience` seconds.
    `process` is the name under which it traces.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        pseudonyms: Pseudonyms | None = None,
        registry: Registry | None = None,
        patience: float = DELIVERY_S,
        process: str = "publish",
    ) -> None:
        self.settings = settings
        self._patience = patience
        #: whether another process with the same settings makes the same pseudonyms
        self.keyed_by_settings = pseudonyms is None
        self._pseudonyms = pseudonyms or Pseudonyms.of(settings)
        self._registry = registry or Registry.of(settings)
        self._traces = traces_of(settings, process)
        self._contracts: dict[str, Contract] = contracts()
        self._topics: dict[str, _Topic] = {}
        self._encoders: dict[str, tuple[str, Callable[[Mapping[str, Any]], bytes]]] = {}
        self._failures = 0
        self._failure = ""
        self._producer = Producer(
            {
                **settings.kafka_client(),
                "enable.idempotence": True,
                "acks": "all",
                "partitioner": "murmur2_random",
                "compression.type": "lz4",
                "linger.ms": 20,
                "batch.num.messages": 10_000,
                "queue.buffering.max.messages": 100_000,
                "queue.buffering.max.kbytes": 65_536,
                "message.timeout.ms": int(patience * 1000),
                "delivery.report.only.error": True,
                "on_delivery": self._on_delivery,
                "log_level": 2,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def ready(self, topic: str, statement: Statement, *, pseudonymised: bool = False) -> Ready:
        """`said` checked and pseudonymised, nothing sent. Raises InvalidStatement."""
        return self._topic(topic).encoding.checked.ready(statement, time.time_ns() // 1000, pseudonymised=pseudonymised)

    def publish(self, topic: str, statement: Statement, *, pseudonymised: bool = False) -> Sent:
        """Check, pseudonymise and send `said` on `topic` (its name in `schemas/`).

        Raises InvalidStatement (nothing was sent), NotDelivered, PublishRefused.
        """
        return self.send(topic, self.ready(topic, statement, pseudonymised=pseudonymised))

    def send(self, topic: str, ready: Ready) -> Sent:
        """Send what `ready` made; waits while the queue is full. Raises NotDelivered."""
        event = self._topic(topic).encoding.event(ready)
        self.send_encoded(event)
        return Sent(event.event_id, self._topic(topic).wire_name, event.key)

    def send_encoded(self, event: Encoded) -> None:
        """Send an event that was encoded under one of `schema_ids`; as `send`."""
        topic, kind, _, event_id, occurred_at, key, value = event
        to = self._topics.get(topic) or self._topic(topic)
        headers = cloud_events.headers(event_id, to.source, to.types[kind], occurred_at)
        if self._traces is None or not self._traces.chosen(event_id):
            self._produce(to, key, value, headers)
        else:
            hop = self._traces.sending(to.wire_name, event_id, to.types[kind].decode())
            try:
                self._produce(to, key, value, headers + hop.headers)
            finally:
                hop.end()

    def send_record(
        self, topic: str, schema: Mapping[str, Any], key: bytes, record: Mapping[str, Any], headers: Headers
    ) -> None:
        """Send a record of a topic that is no contract's. Raises `wire.avro_writer.InvalidValue` (nothing was sent),
        NotDelivered, PublishRefused."""
        if topic not in self._encoders:
            wire_name, schema_id = self._place(topic, schema, self._there([topic]))
            self._encoders[topic] = (wire_name, encoder(schema_id, schema))
        wire_name, encode = self._encoders[topic]
        self._queue(wire_name, encode(record), key, headers)

    def _produce(self, to: _Topic, key: bytes, value: bytes, headers: Headers) -> None:
        self._queue(to.wire_name, value, key, headers)

    def _queue(self, wire_name: str, value: bytes, key: bytes, headers: Headers) -> None:
        if self._failures:
            raise self._not_delivered()
        while True:
            try:
                self._producer.produce(wire_name, value, key, headers=headers)
                return
            except BufferError:
                self._producer.poll(0.1)
                if self._failures:
                    raise self._not_delivered() from None
            except KafkaException as refused:
                raise PublishRefused(
                    f"The cluster refuses to be written to: {refused.args[0].str()}. Look at `citygrid status`, then "
                    "publish again: nothing doubles."
                ) from None

    def poll(self) -> None:
        """Let the producer tell what failed. Raises NotDelivered."""
        self._producer.poll(0)
        if self._failures:
            raise self._not_delivered()

    def flush(self, patience: float = FLUSH_S) -> None:
        """Return once the cluster has every event. Raises NotDelivered."""
        waiting = self._producer.flush(patience)
        if self._failures:
            raise self._not_delivered()
        if waiting:
            raise NotDelivered(
                f"{waiting} events were not taken by the cluster at {self.settings.kafka_bootstrap} within "
                f"{patience:.0f} s. Look at `citygrid status`, then publish again: nothing doubles."
            )

    def meet(self, topics: Iterable[str]) -> None:
        """Ask registry and cluster for `topics` now and not with their first events. Raises PublishRefused."""
        new = [topic for topic in topics if topic not in self._topics]
        there = self._there(new)
        for topic in new:
            self._topics[topic] = self._looked_up(topic, there)

    def schema_ids(self, topics: Collection[str]) -> dict[str, int]:
        """The registry's ids of the schemas under which events of `topics` are written. Raises PublishRefused."""
        self.meet(topics)
        return {topic: self._topics[topic].encoding.schema_id for topic in topics}

    def answers(self, patience: float) -> bool:
        """Whether the cluster answers within `patience` seconds for a topic that was met."""
        met = next(iter(self._topics.values()), None)
        try:
            self._producer.list_topics(met.wire_name if met else None, timeout=patience)
        except KafkaException:
            return False
        return True

    def abandon(self) -> None:
        """Forget what the cluster has not acknowledged, and let go of the cluster without waiting for it; the registry
        stays open. What was on its way may still arrive."""
        self._producer.purge()
        self._producer.poll(0)

    def close(self) -> None:
        """Flush, and let go of the registry."""
        try:
            self.flush()
        finally:
            self._registry.close()

    def _topic(self, topic: str) -> _Topic:
        known = self._topics.get(topic)
        if known is None:
            known = self._topics[topic] = self._looked_up(topic, self._there([topic]))
        return known

    def _there(self, topics: Iterable[str]) -> set[str]:
        """The names on the cluster of those that are there. Raises PublishRefused.

        Described, not listed: that makes no topic, and a city's cluster may have thousands of others.
        """
        names = [self.settings.topic_prefix + topic for topic in topics]
        if not names:
            return set()
        patience = min(30.0, self._patience)
        present = set()
        admin = AdminClient({**self.settings.kafka_client(), "log_level": 2})  # kept until the last has answered
        for name, future in admin.describe_topics(TopicCollection(names), request_timeout=patience).items():
            try:
                future.result(patience + 1)
                present.add(name)
            except (KafkaException, TimeoutError) as refused:
                error = refused.args[0] if isinstance(refused, KafkaException) else None
                if error is not None and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                    raise PublishRefused(
                        f"{self.settings.kafka_sasl_username} may not write to {name}: publish with its own "
                        "department's login, or the operator's (`citygrid logins list`)."
                    ) from None
                if error is None or error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    why = error.str() if error else "timed out"
                    raise PublishRefused(
                        f"The cluster at {self.settings.kafka_bootstrap} does not answer: {why}. Look at `citygrid "
                        "status`, then publish again: nothing doubles."
                    ) from None
        return present

    def _looked_up(self, topic: str, there: Collection[str]) -> _Topic:
        contract = self._contracts.get(topic)
        if contract is None:
            raise PublishRefused(f"There is no contract '{topic}'; there are {', '.join(self._contracts)}.")
        wire_name, schema_id = self._place(topic, contract.schema, there)
        return _Topic(
            wire_name,
            Encoding(contract, self._pseudonyms, schema_id),
            cloud_events.source_of(contract.department).encode(),
            {kind: cloud_events.type_of(contract.department, kind).encode() for kind in contract.kinds},
        )

    def _place(self, topic: str, schema: Mapping[str, Any], there: Collection[str]) -> tuple[str, int]:
        """The topic's name on the cluster and the registry's id of its schema. Raises PublishRefused."""
        try:
            schema_id = self._registry.id_of(subject_of(self.settings, topic), schema)
        except RegistryRefused as refused:
            raise PublishRefused(
                f"The registry does not know this version of the contract {topic} ({refused.status}): run "
                "`citygrid schemas register` first, so that no publisher is ahead of its readers."
            ) from None
        wire_name = self.settings.topic_prefix + topic
        if wire_name not in there:
            raise PublishRefused(f"The cluster has no topic {wire_name}: run `citygrid up`, which makes the topics.")
        return wire_name, schema_id

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failures += 1
            self._failure = self._failure or f"{message.topic()}: {error.str()}"

    def _not_delivered(self) -> NotDelivered:
        return NotDelivered(
            f"{self._failures} events were not delivered ({self._failure}). Look at `citygrid status`, then publish "
            "again: nothing doubles."
        )
