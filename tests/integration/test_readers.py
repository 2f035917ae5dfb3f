"""How far each reader is, as Kafka sees it: markers of transactions are no lag, a held-up end is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from prometheus_client import REGISTRY

from runtime.reader_lag import Readers
from runtime.settings import Settings
from wire.topics import ensure_topics

TOPIC, READER = "tax.tax-record", "stage-resident"


@pytest.fixture
def readers(settings: Settings) -> Iterator[Readers]:
    ensure_topics(settings)
    stopping = threading.Event()
    made = Readers(settings, stopping)
    write(settings, Producer({**settings.kafka_client()}), 1)  # the partition has its leader
    yield made
    stopping.set()


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"citygrid_{name}", {"topic": TOPIC, "partition": "0"} | labels)


def commit(settings: Settings, offset: int) -> None:
    """As a stage's transaction does: where the reader goes on."""
    group = f"{settings.topic_prefix}citygrid-stage-resident"
    consumer = Consumer({**settings.kafka_client(), "group.id": group})
    consumer.commit(offsets=[TopicPartition(settings.topic_prefix + TOPIC, 0, offset)], asynchronous=False)
    consumer.close()


def transaction(settings: Settings, name: str) -> Producer:
    producer = Producer({**settings.kafka_client(), "transactional.id": settings.topic_prefix + name})
    producer.init_transactions(30)
    producer.begin_transaction()
    return producer


def write(settings: Settings, producer: Producer, count: int) -> None:
    for _ in range(count):
        producer.produce(settings.topic_prefix + TOPIC, b"said", b"k", 0)
    assert producer.flush(30) == 0


def test_lag_counts_records_and_not_the_marks_of_transactions(settings: Settings, readers: Readers) -> None:
    committed = transaction(settings, "stage")
    write(settings, committed, 3)
    committed.commit_transaction(30)  # offsets 1, 2, 3 and a mark at 4
    commit(settings, 4)
    readers.ask()
    readers.ask()
    assert value("topic_end_offset") == 5
    assert value("reader_position_offset", reader=READER) == 4
    assert value("reader_lag_records", reader=READER) == 0

    commit(settings, 2)
    readers.ask()
    readers.ask()
    assert value("reader_lag_records", reader=READER) == 3


def test_an_open_transaction_shows_although_no_reader_lags(settings: Settings, readers: Readers) -> None:
    commit(settings, 1)
    held_up = transaction(settings, "somebody")
    write(settings, held_up, 5)
    readers.ask()
    assert value("reader_lag_records", reader=READER) == 0
    assert value("topic_end_offset") == 1
    assert value("topic_undecided_records") == 5
    held_up.abort_transaction(30)
    readers.ask()
    readers.ask()
    assert value("topic_undecided_records") == 0
    assert value("reader_lag_records", reader=READER) == 0, "aborted records are given to nobody"
