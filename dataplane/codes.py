"""librdkafka's own error codes. Its Python binding begins their names with an underscore; they are public there."""

from confluent_kafka import KafkaError

PARTITION_EOF: int = KafkaError._PARTITION_EOF  # noqa: SLF001
STATE: int = KafkaError._STATE  # noqa: SLF001
TIMED_OUT: int = KafkaError._TIMED_OUT  # noqa: SLF001
UNSTABLE_OFFSET_COMMIT: int = KafkaError.UNSTABLE_OFFSET_COMMIT

#: A consumer waits for these to pass; librdkafka reconnects by itself.
WAITED_FOR = frozenset(
    (
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._TRANSPORT,  # noqa: SLF001
        KafkaError._RESOLVE,  # noqa: SLF001
        TIMED_OUT,
    )
)

#: A record that was thrown away unsent, because of something that went wrong before.
PURGED = frozenset((KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT))  # noqa: SLF001

#: A group's coordinator is starting or moving: ask again. librdkafka does not call all of these retriable.
COORDINATOR_AWAY = frozenset(
    (
        TIMED_OUT,
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    )
)
