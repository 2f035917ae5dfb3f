"""The newest tick that stands on `clock`, and a tick that takes mistaken ones back (docs/decisions/0029-clock.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from confluent_kafka import Message, Producer

from runtime import topic_reader
from runtime.settings import Settings
from wire.codec import RecordReader, encoder
from wire.contracts import published
from wire.registry import Registry
from wire.topics import CLOCK, subject_of

DELIVERY_S = 5.0


class LastTick(NamedTuple):
    """`now` in microseconds UTC; `value`: its bytes, to say the same again."""

    now: int
    value: bytes


class NotTakenBack(Exception):
    """Kafka did not take the tick; the message says on which partitions."""


def last_tick(settings: Settings, registry: Registry, patience: float = topic_reader.PATIENCE_S) -> LastTick | None:
    """The newest of the last ticks of each partition; None if there is none. Raises TopicUnreadable, RegistryAway."""
    topic = settings.topic_prefix + CLOCK
    starts = {number: end - 1 for number, end in topic_reader.ends(settings, topic, patience).items() if end > 0}
    reader = RecordReader(registry, published()[CLOCK].schema)
    values = [
        bytes(message.value() or b"")
        for message in (topic_reader.records(settings, topic, starts=starts, patience=patience) if starts else ())
    ]
    return max((LastTick(int(reader.read(value)["now"]), value) for value in values), default=None)


def take_back(settings: Settings, now: int) -> None:
    """Say to every partition that it is `now` (microseconds UTC), whatever was said before. Raises NotTakenBack."""
    registry = Registry.of(settings)
    try:
        value = tick_encoder(settings, registry)({"now": now, "quiet": [], "taken_back": True})
    finally:
        registry.close()
    failed: list[int] = []

    def noted(number: int) -> Callable[[Any, Message], None]:
        return lambda error, _: failed.append(number) if error is not None else None

    producer = Producer(
        {**settings.kafka_client(), "enable.idempotence": True, "message.timeout.ms": int(DELIVERY_S * 1000)}
    )
    for number in range(settings.partitions):
        producer.produce(settings.topic_prefix + CLOCK, value, b"", number, on_delivery=noted(number))
    if producer.flush(2 * DELIVERY_S) or failed:
        raise NotTakenBack(f"Kafka did not take the tick on {len(failed) or 'some'} partitions: try again.")


def tick_encoder(settings: Settings, registry: Registry) -> Callable[[dict[str, Any]], bytes]:
    """Raises RegistryRefused, RegistryAway."""
    schema = published()[CLOCK].schema
    return encoder(registry.id_of(subject_of(settings, CLOCK), schema), schema)
