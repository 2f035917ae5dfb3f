"""A cluster of three brokers of which one is killed: nothing that was acknowledged is lost and all goes on; with two
killed nothing is acknowledged, because there would be one copy only (docs/decisions/0032-logins.md).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType

from local.stack import children, downloads, kafka
from local.stack.children import Child
from local.stack.ports import LOOPBACK, free_ports
from runtime import topic_reader
from runtime.settings import Settings
from tests.e2e.running import until
from wire.topics import COPIES, OF_KAFKA, ensure_topics, topics

TOPIC = "police.household-registration"
BROKERS = 3


class Cluster:
    """Three brokers on loopback, by their number."""

    def __init__(self, folder: Path) -> None:
        cache = downloads.folder(None)
        downloads.fetch(downloads.pinned("kafka"), cache)
        drawn = free_ports(2 * BROKERS)
        self.nodes = [kafka.Node(number, *drawn[2 * number - 2 : 2 * number]) for number in range(1, BROKERS + 1)]
        self.programs = {
            node.number: kafka.program(
                folder / f"broker-{node.number}",
                node,
                cache,
                folder / f"broker-{node.number}.log",
                beside=[other for other in self.nodes if other != node],
                heap_mb=256,
            )
            for node in self.nodes
        }
        self.running: dict[int, Child] = {}

    @property
    def bootstrap(self) -> str:
        return ",".join(f"{LOOPBACK}:{node.port}" for node in self.nodes)

    def start(self, *numbers: int) -> None:
        for number in numbers:
            self.running[number] = children.start(self.programs[number])

    def kill(self, number: int) -> None:
        self.running.pop(number).kill()

    def close(self) -> None:
        for child in self.running.values():
            child.kill()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    try:
        made.start(1, 2, 3)
        admin = AdminClient({"bootstrap.servers": made.bootstrap, "log_level": 0})
        until(lambda: _lacks(admin), 60)
        yield made
    finally:
        made.close()


def _lacks(admin: AdminClient) -> str | None:
    try:
        there = len(admin.list_topics(timeout=2).brokers)
    except Exception as away:  # noqa: BLE001 - a cluster that starts says no in many ways
        return f"the cluster does not answer: {away}"
    return None if there == BROKERS else f"{there} brokers"


def settings_of(cluster: Cluster, folder: Path) -> Settings:
    return Settings(
        _env_file=None,
        state_dir=folder / "state",
        kafka_bootstrap=cluster.bootstrap,
        replication_factor=3,
        partitions=2,
    )


class Writer(threading.Thread):
    """Writes numbers, one after the other, and remembers which Kafka acknowledged."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[int] = []
        self.refused: list[str] = []
        self.longest = 0.0
        self._stopping = threading.Event()
        self._settings = settings
        self._producer = Producer(
            {**settings.kafka_client(), "enable.idempotence": True, "acks": "all", "message.timeout.ms": 60_000}
        )

    def run(self) -> None:
        number, last = 0, time.monotonic()
        while not self._stopping.is_set():
            number += 1
            self._producer.produce(
                self._settings.topic_prefix + TOPIC, str(number).encode(), b"k", on_delivery=self._delivered(number)
            )
            self._producer.flush(60)
            self.longest, last = max(self.longest, time.monotonic() - last), time.monotonic()

    def _delivered(self, number: int):  # type: ignore[no-untyped-def]
        def delivered(error: KafkaError | None, _: object) -> None:
            if error is None:
                self.acknowledged.append(number)
            else:
                self.refused.append(error.name())

        return delivered

    def stop(self) -> None:
        self._stopping.set()
        self.join(90)


@pytest.mark.timeout(300)
def test_one_broker_killed_loses_nothing_and_a_second_stops_acknowledging(cluster: Cluster, tmp_path: Path) -> None:
    settings = settings_of(cluster, tmp_path)
    ensure_topics(settings)
    names = [topic.name for topic in topics()]
    assert copies_of(settings, names) == {"2"}
    lower(settings, TOPIC)
    until(lambda: None if copies_of(settings, [TOPIC]) == {"1"} else "not lowered", 20)
    ensure_topics(settings)  # one of before is held to two as well
    until(lambda: None if copies_of(settings, names) == {"2"} else "not all are held to two copies", 20)

    writer = Writer(settings)
    writer.start()
    until(lambda: None if len(writer.acknowledged) >= 50 else "few records so far", 30)
    parts = AdminClient(settings.kafka_client()).list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
    killed = parts[partition_of_k(settings)].leader
    before = len(writer.acknowledged)
    cluster.kill(killed)
    until(lambda: None if len(writer.acknowledged) >= before + 200 else "nothing is acknowledged any more", 60)
    writer.stop()
    print(f"a broker killed: {writer.longest:.1f} s without an acknowledgement, {len(writer.acknowledged)} in all")
    assert writer.refused == []
    assert kept(settings) >= set(writer.acknowledged), "an acknowledged record is gone"

    second = next(number for number in cluster.running)
    cluster.kill(second)
    took = written_once(settings, 5)
    assert took is not None, "one copy was acknowledged"
    cluster.start(second)
    until(lambda: written_once(settings, 10), 60)
    assert kept(settings) >= set(writer.acknowledged)


def lower(settings: Settings, topic: str) -> None:
    """Let Kafka acknowledge what one broker has, as an older version did."""
    entry = ConfigEntry(COPIES, "1", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient(settings.kafka_client())  # kept until it has answered
    admin.incremental_alter_configs([resource])[resource].result(30)


def copies_of(settings: Settings, names: list[str]) -> set[str]:
    """The `min.insync.replicas` that hold for the topics, and for Kafka's own where they are there."""
    admin = AdminClient(settings.kafka_client())
    there = admin.list_topics(timeout=20).topics
    asked = [ConfigResource(ResourceType.TOPIC, name) for name in (*names, *OF_KAFKA) if name in there]
    return {future.result(20)[COPIES].value for future in admin.describe_configs(asked).values()}


def partition_of_k(settings: Settings) -> int:
    """Where the writer's records go."""
    ends = topic_reader.ends(settings, TOPIC)
    return max(ends, key=lambda number: ends[number])


def kept(settings: Settings) -> set[int]:
    return {int(bytes(record.value() or b"0")) for record in topic_reader.records(settings, TOPIC)}


def written_once(settings: Settings, seconds: float) -> str | None:
    """None if Kafka acknowledged a record within the time, else why not."""
    said: list[str] = []

    def delivered(error: KafkaError | None, _: object) -> None:
        said.append(error.name() if error is not None else "")

    producer = Producer(
        {**settings.kafka_client(), "acks": "all", "message.timeout.ms": int(seconds * 1000), "log_level": 0}
    )
    producer.produce(TOPIC, b"0", b"k", on_delivery=delivered)
    producer.flush(seconds + 5)
    return (said or ["no answer"])[0] or None
