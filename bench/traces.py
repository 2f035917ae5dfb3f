"""What tracing costs a record that is not traced: `python -m bench.traces`. Starts a broker of its own.

Printed: microseconds of CPU a record to read what a stage reads anyway (key, value, offset), to read the headers of an
event and of a record that has none, and to ask by the event's id instead.
"""

from __future__ import annotations

import json
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from local.stack import downloads
from local.stack.local import LocalStack, Ports, stop

RECORDS = 50_000
HEADERS: list[tuple[str, str | bytes | None]] = [
    ("ce_specversion", b"1.0"), ("ce_id", str(uuid.uuid4())), ("ce_source", b"/departments/police"),
    ("ce_type", b"cn.citygrid.police.Birth"), ("ce_time", "2026-03-02T00:00:00+00:00"),
    ("content-type", b"application/avro"),
]  # fmt: skip


def fill(servers: str) -> None:
    """`events` with the headers of events, `rows` with none."""
    admin = AdminClient({"bootstrap.servers": servers})
    for made in admin.create_topics([NewTopic("events", 1, 1), NewTopic("rows", 1, 1)]).values():
        made.result(30)
    producer = Producer({"bootstrap.servers": servers, "queue.buffering.max.messages": 4 * RECORDS})
    for _ in range(RECORDS):
        producer.produce("events", b"v" * 250, b"k" * 40, headers=HEADERS)
        producer.produce("rows", b"v" * 250, b"k" * 40)
    producer.flush(60)


def records(servers: str, topic: str) -> list[Message]:
    """Fresh ones: what was once read of a record is kept with it."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "bench", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    read_so_far: list[Message] = []
    while len(read_so_far) < RECORDS:
        read_so_far += consumer.consume(5_000, 1)
    consumer.close()
    return read_so_far


def microseconds(read: Callable[[Message], Any], given: list[Message]) -> float:
    """CPU of one call, without that of the loop around it."""
    began = time.process_time()
    for _ in given:
        pass
    empty = time.process_time() - began
    began = time.process_time()
    for record in given:
        read(record)
    return round((time.process_time() - began - empty) / len(given) * 1e6, 3)


def main() -> None:
    """One line of JSON."""
    with tempfile.TemporaryDirectory(prefix="citygrid-traces-") as scratch:
        stack = LocalStack(Path(scratch), Ports.free(), downloads.folder(None))
        parts = stack.start(("kafka",))
        try:
            servers = stack.address("kafka")
            fill(servers)
            event_id, below = str(uuid.uuid4()), "028f5c29"
            measured = {
                "key_value_offset_us": microseconds(
                    lambda record: (record.key(), record.value(), record.offset()), records(servers, "events")
                ),
                "headers_of_an_event_us": microseconds(lambda record: record.headers(), records(servers, "events")),
                "headers_of_a_row_us": microseconds(lambda record: record.headers(), records(servers, "rows")),
                "by_event_id_us": microseconds(lambda _: event_id < below, records(servers, "rows")),
            }
        finally:
            stop(parts)
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
