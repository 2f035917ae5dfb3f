"""A topic is read to its end: markers and open transactions end it, too, and what cannot be read says why."""

from __future__ import annotations

import time

import pytest
from confluent_kafka import Producer

from runtime.settings import Settings
from runtime.topic_reader import TopicUnreadable, has_record, records
from wire.topics import ensure_topics

TOPIC = "tax.tax-record"
QUICK_S = 5.0
"""Seconds that no read of a few records takes, and less than what a missed end would wait."""


@pytest.fixture
def topic(settings: Settings) -> str:
    ensure_topics(settings)
    return settings.topic_prefix + TOPIC


def transaction(settings: Settings, name: str) -> Producer:
    producer = Producer({**settings.kafka_client(), "transactional.id": settings.topic_prefix + name})
    producer.init_transactions(30)
    producer.begin_transaction()
    return producer


def write(producer: Producer, topic: str, *values: str, partition: int = 0) -> None:
    for value in values:
        producer.produce(topic, value.encode(), b"k", partition)
    assert producer.flush(30) == 0


def read(settings: Settings, topic: str, **given: int) -> list[bytes | str | None]:
    starts = {int(name.removeprefix("p")): offset for name, offset in given.items()} or None
    return [record.value() for record in records(settings, topic, starts=starts, patience=QUICK_S)]


def test_a_topic_that_ends_with_a_marker_is_read_at_once(settings: Settings, topic: str) -> None:
    committed = transaction(settings, "a")
    write(committed, topic, "1", "2")
    committed.commit_transaction(30)
    aborted = transaction(settings, "b")
    write(aborted, topic, "never")
    aborted.abort_transaction(30)
    began = time.monotonic()
    assert read(settings, topic) == [b"1", b"2"]
    assert read(settings, topic, p0=1) == [b"2"]
    assert time.monotonic() - began < QUICK_S
    assert [has_record(settings, topic, 0, offset) for offset in (0, 1, 2, 3, 99)] == [True, True, False, False, False]


def test_an_open_transaction_is_the_end(settings: Settings, topic: str) -> None:
    write(Producer({**settings.kafka_client()}), topic, "1")
    unfinished = transaction(settings, "c")
    write(unfinished, topic, "not yet")
    assert read(settings, topic) == [b"1"]
    unfinished.abort_transaction(30)


def test_all_partitions_are_read_and_the_progress_is_counted(settings: Settings, topic: str) -> None:
    producer = Producer({**settings.kafka_client()})
    for partition in range(settings.partitions):
        write(producer, topic, *(f"{partition}-{number}" for number in range(700)), partition=partition)
    counts: list[int] = []
    given = [record.value() for record in records(settings, topic, progress=counts.append)]
    assert len(given) == sum(counts) == 700 * settings.partitions
    for partition in range(settings.partitions):
        own = [value for value in given if isinstance(value, bytes) and value.startswith(b"%d-" % partition)]
        assert own == [b"%d-%d" % (partition, number) for number in range(700)], "in order"


def test_an_empty_topic_is_read_and_a_missing_one_is_named(settings: Settings, topic: str) -> None:
    assert read(settings, topic) == []
    with pytest.raises(TopicUnreadable, match=r"There is no topic .*nowhere: `citygrid up`"):
        read(settings, settings.topic_prefix + "nowhere")


def test_a_cluster_that_does_not_answer_is_named(settings: Settings) -> None:
    away = settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:9"})
    with pytest.raises(TopicUnreadable, match=r"127\.0\.0\.1:9 does not answer"):
        list(records(away, "any", patience=0.5))
