"""Reads a topic to its end: every committed record up to where the topic ended when it was asked.

A partition that ends with a transaction's marker counts as read once the broker says that nothing follows. No consumer
group is joined and nothing is committed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime.settings import Settings

PATIENCE_S = 30.0
BATCH = 500
WAIT_S = 0.2
"""Seconds until it is asked again whether anything has come."""
NEW_TOPIC_S = 2.0
"""Seconds for which a broker may not know a topic that was made a moment ago."""
#: What passes by itself: a broker starts or leaves, or a topic that was made a moment ago has no leader yet.
PASSING = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError._TRANSPORT,  # noqa: SLF001 - librdkafka's names
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError._DESTROY_BROKER,  # noqa: SLF001 - asked of a broker that the cluster has just left behind
    }
)


def group_of(settings: Settings) -> str:
    """The group that a reader names and never joins."""
    return f"{settings.topic_prefix}citygrid-topic-reader"


class TopicUnreadable(Exception):
    """A topic cannot be read to its end; the message says why and what to do."""


class NotGranted(TopicUnreadable):
    """This process's login may not read the topic."""


def records(
    settings: Settings,
    topic: str,
    *,
    starts: Mapping[int, int] | None = None,
    patience: float = PATIENCE_S,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Message]:
    """The committed records of `topic` (its name on the cluster), each partition's in order.

    `starts`: partitions and the offsets to begin with; None: all from their beginning. `patience`: seconds without an
    answer. `progress` is called with the number of records of each batch. Raises TopicUnreadable.
    """
    consumer = _consumer(settings)
    try:
        begin = dict.fromkeys(_partitions(consumer, topic, patience), 0) if starts is None else dict(starts)
        until = {number: _end(consumer, TopicPartition(topic, number), patience) for number in begin}
        unread = {number for number, start in begin.items() if start < until[number]}
        consumer.assign([TopicPartition(topic, number, begin[number]) for number in sorted(unread)])
        yield from _read(settings, consumer, topic, until, unread, patience, progress)
    except KafkaException as away:
        raise _away(settings, topic, away) from None
    finally:
        consumer.close()


def ends(settings: Settings, topic: str, patience: float = PATIENCE_S) -> dict[int, int]:
    """Each partition's offset after the last that a reader of committed records is given. Raises TopicUnreadable."""
    consumer = _consumer(settings)
    try:
        return {
            number: _end(consumer, TopicPartition(topic, number), patience)
            for number in _partitions(consumer, topic, patience)
        }
    except KafkaException as away:
        raise _away(settings, topic, away) from None
    finally:
        consumer.close()


def has_record(settings: Settings, topic: str, partition: int, offset: int, patience: float = PATIENCE_S) -> bool:
    """Whether a committed record stands at `offset` or behind it. Raises TopicUnreadable."""
    return bool(waiting(settings, topic, {partition: offset}, patience))


def waiting(settings: Settings, topic: str, places: Mapping[int, int], patience: float = PATIENCE_S) -> set[int]:
    """The partitions of `places` (partition, offset) in which a committed record stands at the offset or behind it:
    markers of transactions are none. Raises TopicUnreadable."""
    consumer = _consumer(settings)
    deadline = time.monotonic() + patience
    there: set[int] = set()
    try:
        asked = {
            number
            for number, offset in places.items()
            if offset < _end(consumer, TopicPartition(topic, number), patience)
        }
        consumer.assign([TopicPartition(topic, number, places[number]) for number in asked])
        while asked:
            for message in _given(consumer):
                error, partition = message.error(), message.partition()
                if error is not None and error.code() in PASSING:
                    continue
                if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name
                    raise TopicUnreadable(f"{topic} cannot be read: {error.name()}. Look at `citygrid status`.")
                if error is None and partition in asked and partition is not None:
                    there.add(partition)
                asked.discard(partition)
            if time.monotonic() > deadline:
                raise TopicUnreadable(f"{topic} gives nothing to read for {patience:.0f} s: try again.")
    except KafkaException as away:
        raise _away(settings, topic, away) from None
    finally:
        consumer.close()
    return there


def _read(
    settings: Settings,
    consumer: Consumer,
    topic: str,
    ends: Mapping[int, int],
    unread: set[int],
    patience: float,
    progress: Callable[[int], None] | None,
) -> Iterator[Message]:
    deadline = time.monotonic() + patience
    while unread:
        batch = _given(consumer)
        given = 0
        for message in batch:
            error, partition, offset = message.error(), message.partition(), message.offset()
            if error is not None and error.code() in PASSING:
                continue
            deadline = time.monotonic() + patience
            if error is not None and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                raise _not_granted(settings, topic)  # a login that only writes is told where a topic ends
            if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name
                raise TopicUnreadable(f"{topic} cannot be read: {error.name()}. Look at `citygrid status`.")
            if partition is None or offset is None or partition not in unread:
                continue
            if error is None and offset < ends[partition]:
                given += 1
                yield message
            if offset >= ends[partition] - (error is None):  # the end's own offset is that of the record after it
                unread.discard(partition)
        if progress and given:
            progress(given)
        if time.monotonic() > deadline:
            raise TopicUnreadable(f"{topic} gives nothing to read for {patience:.0f} s: try again.")


def _given(consumer: Consumer) -> list[Message]:
    """What has come, as soon as anything has: asked for many at once, `consume` waits out its time if there are fewer,
    and a topic's last records are always fewer."""
    first: list[Message] = consumer.consume(1, WAIT_S)
    return [*first, *consumer.consume(BATCH, 0)] if first else first


def _away(settings: Settings, topic: str, error: KafkaException) -> TopicUnreadable:
    if error.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        return _not_granted(settings, topic)
    return TopicUnreadable(
        f"Kafka at {settings.kafka_bootstrap} does not answer for {topic} ({error.args[0].name()}): look at "
        "`citygrid status`, then try again."
    )


def _not_granted(settings: Settings, topic: str) -> NotGranted:
    return NotGranted(f"{settings.kafka_sasl_username} may not read {topic}: see `citygrid logins list`.")


def _end(consumer: Consumer, place: TopicPartition, patience: float) -> int:
    """The offset after the last that a reader of committed records is given. Raises KafkaException."""
    # a loop and not tenacity: it would leave the consumer in a cycle, which a thread of librdkafka may then collect
    deadline = time.monotonic() + patience
    while True:
        try:
            end: int = consumer.get_watermark_offsets(place, patience)[1]
            return end
        except KafkaException as error:
            if error.args[0].code() not in PASSING or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def _partitions(consumer: Consumer, topic: str, patience: float) -> list[int]:
    began = time.monotonic()
    while True:
        try:
            known = consumer.list_topics(topic, timeout=patience).topics[topic]
        except KafkaException as error:
            if error.args[0].code() not in PASSING or time.monotonic() > began + patience:
                raise
            time.sleep(0.1)
            continue
        if known.error is None:
            return sorted(known.partitions)
        waited = time.monotonic() - began
        missing = known.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART
        if known.error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            break
        if waited > (min(NEW_TOPIC_S, patience) if missing else patience):
            break
        time.sleep(0.1)
    if missing:
        raise TopicUnreadable(f"There is no topic {topic}: `citygrid up` makes it, in production its init job.")
    raise KafkaException(known.error)


def _consumer(settings: Settings) -> Consumer:
    return Consumer(
        {
            **settings.kafka_client(),
            "group.id": group_of(settings),
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 50,  # the end of a partition comes with an empty answer
            "log_level": 2,
        }
    )
