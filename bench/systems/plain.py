"""Plain clients of the same durability: one loop over confluent-kafka, one transaction every 100 ms.

Rows are restored from the views. What a careful engineer writes without a framework, and the floor of what Python can
do here. The same generated writers.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from bench import job
from dataplane import codes

COMMIT_S = 0.1
WRITE = {name: job.generated(name) for name in ("resident", "change", "household")}


class Plain:
    """The loop and its state by partition."""

    def __init__(self) -> None:
        self.residents: dict[int, dict[bytes, job.Record]] = {}
        self.households: dict[int, dict[bytes, dict[str, int | None]]] = {}
        self.positions: dict[tuple[str, int], int] = {}
        instance = os.environ.get("BENCH_INSTANCE", "0")
        self.producer = Producer(
            {
                "bootstrap.servers": job.BOOTSTRAP, "partitioner": "murmur2_random", "linger.ms": 5,
                "compression.type": "lz4", "batch.size": 262_144, "queue.buffering.max.messages": 500_000,
                "queue.buffering.max.kbytes": 262_144, "transactional.id": f"{job.RUN}plain-{instance}",
                "transaction.timeout.ms": 20_000,
            }
        )  # fmt: skip
        self.consumer = Consumer(
            {
                "bootstrap.servers": job.BOOTSTRAP, "group.id": f"{job.RUN}plain", "auto.offset.reset": "earliest",
                "enable.auto.commit": False, "isolation.level": "read_committed", "fetch.wait.max.ms": 50,
                "max.partition.fetch.bytes": job.FETCH_BYTES, "queued.max.messages.kbytes": 32_768,
                "partition.assignment.strategy": "range",
                "session.timeout.ms": 6_000, "heartbeat.interval.ms": 500,
            }
        )  # fmt: skip

    def produce(self, topic: str, key: bytes, value: bytes, partition: int = -1) -> None:
        while True:
            try:
                self.producer.produce(topic, value, key, partition)
                return
            except BufferError:
                self.producer.poll(0.05)

    def assigned(self, _: Consumer, given: list[TopicPartition]) -> None:
        for number in sorted({place.partition for place in given} - self.residents.keys()):
            self.residents[number] = {key: job.decode(value) for key, value in _last(job.RESIDENTS, number).items()}
            rows = {key: job.decode(value) for key, value in _last(job.HOUSEHOLDS, number).items()}
            self.households[number] = {
                key: dict(zip(row["members"], row["taxes"], strict=True)) for key, row in rows.items()
            }

    def revoked(self, _: Consumer, taken: list[TopicPartition]) -> None:
        self.commit()
        for number in {place.partition for place in taken}:
            self.residents.pop(number, None)
            self.households.pop(number, None)

    def commit(self) -> None:
        if self.positions:
            offsets = [TopicPartition(topic, number, offset) for (topic, number), offset in self.positions.items()]
            self.producer.send_offsets_to_transaction(offsets, self.consumer.consumer_group_metadata(), 30)
            self.producer.commit_transaction(30)
            self.positions.clear()
            self.producer.begin_transaction()

    def fold(self, messages: list[Any]) -> None:
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            topic, number, key = message.topic(), message.partition(), message.key()
            self.positions[topic, number] = message.offset() + 1
            event = job.decode(message.value())
            if topic == job.CHANGES:
                self.fold_household(number, key, event)
            else:
                self.fold_resident(number, key, job.DEPARTMENT[topic], event)

    def fold_resident(self, number: int, key: bytes, department: int, event: job.Record) -> None:
        rows = self.residents[number]
        row = rows.get(key)
        if row is None:
            row = rows[key] = job.new_resident(event["resident_id"])
        what, changes = job.fold(row, department, event)
        if what != job.IGNORED:
            self.produce(job.RESIDENTS, key, WRITE["resident"](row), number)
            for change in changes:
                value = WRITE["change"](job.change(event["resident_id"], change, event["event_id"]))
                self.produce(job.CHANGES, change[0].encode(), value)

    def fold_household(self, number: int, key: bytes, change: job.Record) -> None:
        members = self.households[number].setdefault(key, {})
        job.fold_household(members, change)
        row = job.household(change["household_id"], members, change["trigger"])
        self.produce(job.HOUSEHOLDS, key, WRITE["household"](row), number)

    def run(self) -> None:
        stop: list[int] = []
        signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
        self.producer.init_transactions(30)
        self.producer.begin_transaction()
        self.consumer.subscribe([*job.INPUT_TOPICS, job.CHANGES], on_assign=self.assigned, on_revoke=self.revoked)
        last = time.monotonic()
        while not stop:
            self.fold(self.consumer.consume(2_000, 0.05))
            self.producer.poll(0)
            if time.monotonic() - last > COMMIT_S:
                self.commit()
                last = time.monotonic()
        self.commit()
        self.consumer.close()


def _last(topic: str, number: int) -> dict[bytes, bytes]:
    """The last value of every key of one partition."""
    reader = Consumer(
        {
            "bootstrap.servers": job.BOOTSTRAP, "group.id": f"{topic}-restore", "enable.auto.commit": False,
            "enable.partition.eof": True, "isolation.level": "read_committed",
        }
    )  # fmt: skip
    reader.assign([TopicPartition(topic, number, 0)])
    newest: dict[bytes, bytes] = {}
    while True:
        for message in reader.consume(10_000, 0.2):
            error = message.error()
            if error is not None and error.code() == codes.PARTITION_EOF:
                reader.close()
                return newest
            key, value = message.key(), message.value()
            assert isinstance(key, bytes)
            assert isinstance(value, bytes)
            newest[key] = value


if __name__ == "__main__":
    Plain().run()
