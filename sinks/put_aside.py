"""Where a sink puts a record that it cannot read: the broker has it before the sink's offset moves (law 5)."""

from __future__ import annotations

import threading

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from dataplane.origin import kept
from runtime.settings import Settings
from wire.codec import schema_id_of
from wire.topics import DEAD_LETTERS, WRITTEN_AT_MOST

log = structlog.get_logger()


class DeadLetters:
    """An idempotent producer to the dead-letter topic, made when the first record needs it."""

    def __init__(self, settings: Settings, stopping: threading.Event) -> None:
        self._settings = settings
        self._stopping = stopping
        self._producer: Producer | None = None
        self._refused: KafkaError | None = None

    def put(self, record: Message, reason: str) -> None:
        """Send the record, with its origin and why. It is safe only after `flush`."""
        self._producer = self._producer or self._made()
        put = kept(record, reason, schema_id_of(record.value()))
        self._producer.produce(
            self._settings.topic_prefix + DEAD_LETTERS,
            put.value,
            put.key,
            headers=[*put.headers],
            on_delivery=self._delivered,
        )

    def flush(self) -> None:
        """Return once the broker has all of them, however long it is away. Raises KafkaException if it refuses one, or
        if told to stop before that."""
        while self._producer and len(self._producer):
            if self._stopping.is_set():
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 - librdkafka's name
            self._producer.flush(1.0)
        if self._refused:
            raise KafkaException(self._refused)

    def close(self) -> None:
        """Forget what was not sent: its offset has not moved, so it is read again."""
        if self._producer:
            self._producer.purge()

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._refused = error

    def _made(self) -> Producer:
        return Producer(
            {
                **self._settings.kafka_client(),
                "enable.idempotence": True,
                "message.timeout.ms": 0,  # wait for a broker that is away
                "message.max.bytes": WRITTEN_AT_MOST,
                "partitioner": "murmur2_random",
                "compression.type": "lz4",
            }
        )
