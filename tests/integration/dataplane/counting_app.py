"""A small app of two input topics that shows every loss and every doubling; run by the tests as a worker process.

Each input record adds one to the row of its key and is echoed to the output topic as `topic partition offset count`.
The first argument is a JSON object: the topics' prefix, the settings of the data plane, and what shall go wrong.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import faust
from confluent_kafka import TopicPartition

from dataplane import DataPlane, DataPlaneSettings, RecordBatch, RowStore
from dataplane.fetch import FetchThread
from dataplane.transaction import TransactionalProducer

given = json.loads(sys.argv.pop(1))
prefix = given["prefix"]
wrong = given.get("wrong", {})

app = faust.App(
    prefix,
    broker="rdkafka://" + given["servers"],
    datadir=given["datadir"],
    topic_allow_declare=False,
    topic_disable_leader=True,
)
plane = DataPlane(app, DataPlaneSettings(dead_letter_topic=prefix + "dead", **given.get("settings", {})))
rows = plane.add_row_store(RowStore(prefix + "rows", load=int, dump=lambda count: str(count).encode()))
inputs = app.topic(prefix + "a", prefix + "b")


commit = TransactionalProducer.commit


def commit_when_let_go(producer: TransactionalProducer, offsets: Iterable[tuple[str, int, int]], group: Any) -> None:
    """A commit that is held after its batch was folded and before it tells Kafka anything, until a file is there."""
    print("HELD", flush=True)
    while not Path(wrong["hold_commit"]).exists():
        time.sleep(0.01)
    try:
        commit(producer, offsets, group)
    except BaseException as error:
        print(f"REFUSED {error}", flush=True)
        raise
    print("COMMITTED", flush=True)


if "hold_commit" in wrong:
    TransactionalProducer.commit = commit_when_let_go  # type: ignore[assignment, method-assign]


call = FetchThread._call


def call_later(thread: FetchThread, function: Callable[[], object]) -> None:
    """The thread stands still, as on a busy machine, between giving the turn away and telling the event loop so."""
    time.sleep(wrong["slow_call_s"])
    call(thread, function)


if "slow_call_s" in wrong:
    FetchThread._call = call_later  # type: ignore[assignment, method-assign]


seek, forgotten = FetchThread._seek, set[tuple[str, int]]()


def seek_forgotten(thread: FetchThread, where: TopicPartition) -> None:
    """librdkafka forgets where each partition was to begin, once."""
    if (place := (where.topic, where.partition)) in forgotten:
        seek(thread, where)
    forgotten.add(place)


if wrong.get("forgets_seek"):
    FetchThread._seek = seek_forgotten  # type: ignore[assignment, method-assign]


@plane.on_partitions_assigned
def tell_assigned(partitions: Sequence[int]) -> None:
    """One line: the tests wait for it, and read which rows were restored."""
    held = {key.decode(): row for number in partitions for key, row in rows.rows(number).items()}
    print(f"ASSIGNED {json.dumps(list(partitions))} {json.dumps(held)}", flush=True)


@plane.on_partitions_revoked
def tell_revoked(partitions: Sequence[int]) -> None:
    """The rows are still there."""
    print(f"REVOKED {json.dumps(list(partitions))} {sum(len(rows.rows(number)) for number in partitions)}", flush=True)


@app.agent(inputs)  # type: ignore[untyped-decorator]
async def count(stream: Any) -> None:
    """Counts, echoes, and does what it was told to do wrong."""
    seen = 0
    async for batch in stream:
        assert isinstance(batch, RecordBatch)
        if wrong.get("slow_s"):
            await asyncio.sleep(wrong["slow_s"])
        here = rows.rows(batch.partition)
        for record in batch.records:
            seen += 1
            key: Any = record.key()
            value = record.value() or b""
            if value.startswith(b"junk"):
                plane.dead_letter(record, "unreadable: not a number", schema_id=7)
                continue
            if value == b"forget":
                here.delete(key)
                continue
            if value == b"raise":
                raise RuntimeError("the agent failed on purpose")
            if value == b"huge":
                plane.produce(prefix + "out", record.key(), os.urandom(wrong["bytes"]))
                continue
            here.put(key, (here.get(key) or 0) + 1)
            echo = f"{record.topic()} {record.partition()} {record.offset()} {here.get(key)}".encode()
            if value == b"send":
                await app.topic(prefix + "out", value_serializer="raw", key_serializer="raw").send(
                    key=record.key(), value=echo
                )
            else:
                plane.produce(prefix + "out", record.key(), echo)
            if wrong.get("park_after") == seen:
                print("PARKED", flush=True)
                await asyncio.sleep(3600)
        batch.ack()


if __name__ == "__main__":
    sys.argv = [sys.argv[0], "worker", "-l", "info", "--without-web"]
    plane.main()
