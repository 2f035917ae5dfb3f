"""What was held back is counted once the stages have read what was published; here a stand-in plays the stages."""

from __future__ import annotations

import time
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from producers.publish import Publisher, Statement
from producers.publish.held import HeldBack
from runtime.settings import Settings
from tests.contracts.people import number
from tests.integration.publish.test_publish import POLICE, city
from wire.codec import encoder
from wire.contracts import published
from wire.topics import ensure_schemas, group_of_stage

__all__ = ["city"]

AT = 1_790_000_000_000_000


def alert(finding: str, state: str) -> dict[str, Any]:
    content = {"finding_id": finding, "state": state, "severity": "today", "rule_version": 1, "because": []}
    fields = published()["alerts"].schema["fields"]
    for field in fields:
        if "default" not in field and field["name"] not in content:
            plain_type = field["type"]
            content[field["name"]] = AT if isinstance(plain_type, dict) and plain_type["type"] == "long" else "x"
            if isinstance(plain_type, dict) and plain_type["type"] == "array":
                content[field["name"]] = []
    return content


def read_everything(city: Settings, view: str, topic: str) -> None:
    """Commit what a stage that has read all of `topic` would have committed."""
    consumer = Consumer({**city.kafka_client(), "group.id": group_of_stage(city, view)})
    parts = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    ends = [
        TopicPartition(topic, part, consumer.get_watermark_offsets(TopicPartition(topic, part), 10)[1])
        for part in parts
    ]
    consumer.commit(offsets=ends, asynchronous=False)
    consumer.close()


def test_held_alerts_are_counted_and_nothing_else(city: Settings) -> None:
    topic = city.topic_prefix + "alerts"
    encode = encoder(ensure_schemas(city)["alerts"], published()["alerts"].schema)
    producer = Producer({**city.kafka_client(), "transactional.id": f"{city.topic_prefix}stand-in"})
    producer.init_transactions(30)

    def say(*alerts: tuple[str, str], commit: bool = True) -> None:
        producer.begin_transaction()
        for finding, state in alerts:
            producer.produce(topic, encode(alert(finding, state)), finding)
        producer.flush(30)
        if commit:
            producer.commit_transaction(30)
        else:
            producer.abort_transaction(30)

    say(("before", "held"))
    held = HeldBack(city)
    with Publisher(city) as publisher:
        publisher.publish(POLICE, Statement("Contact", "HK1", number(1), AT, AT, {"phone": "02088880000"}))
    nobody_read = held.wait([POLICE], 0.3)
    assert (nobody_read.alerts, nobody_read.complete) == (0, False)

    say(("a", "held"), ("b", "opened"), ("c", "held"))
    say(("d", "held"), commit=False)
    say(("a", "held"), ("c", "resolved"), ("e", "held"))
    read_everything(city, "resident", city.topic_prefix + POLICE)
    outcome = held.wait([POLICE], 10)
    assert (outcome.alerts, outcome.complete) == (2, True)


def test_a_stage_that_stands_before_a_transactions_marker_has_read_everything(city: Settings) -> None:
    topic = city.topic_prefix + POLICE
    held = HeldBack(city)
    with Publisher(city) as publisher:
        publisher.publish(POLICE, Statement("Contact", "HK1", number(1), AT, AT, {"phone": "02088880000"}))
    read_everything(city, "resident", topic)
    producer = Producer({**city.kafka_client(), "transactional.id": f"{city.topic_prefix}aborts"})
    producer.init_transactions(30)
    producer.begin_transaction()
    for partition in range(city.partitions):
        producer.produce(topic, b"never", b"k", partition)
    producer.flush(30)
    producer.abort_transaction(30)
    began = time.monotonic()
    outcome = held.wait([POLICE], 30)
    assert outcome.complete
    assert time.monotonic() - began < 20
