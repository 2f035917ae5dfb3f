"""Quix Streams: the four topics concatenated, two stateful steps on RocksDB with changelogs, at least once."""

from __future__ import annotations

import os
from typing import Any

from quixstreams import Application
from quixstreams.models.serializers.base import Deserializer, Serializer

from bench import job


class Read(Deserializer):  # type: ignore[misc]
    def __init__(self, department: int | None = None) -> None:
        super().__init__()
        self.department = department

    def __call__(self, value: bytes, ctx: Any) -> Any:
        return job.decode(value) if self.department is None else (self.department, job.decode(value))


class Write(Serializer):  # type: ignore[misc]
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def __call__(self, value: Any, ctx: Any) -> bytes:
        return job.encode(self.name, value)


def fold_resident(value: Any, key: str, timestamp: Any, headers: Any, state: Any) -> Any:
    department, event = value
    held = state.get_bytes("row")
    row = job.decode(held) if held is not None else job.new_resident(key)
    what, changes = job.fold(row, department, event)
    if what == job.IGNORED:
        return None
    if what == job.CHANGED:
        state.set_bytes("row", job.encode("resident", row))
    return row, [job.change(key, change, event["event_id"]) for change in changes]


def fold_household(change: Any, key: str, timestamp: Any, headers: Any, state: Any) -> Any:
    held = state.get_bytes("members")
    members = job.decode(held)["members"] if held is not None else {}
    job.fold_household(members, change)
    state.set_bytes("members", job.encode("household_state", {"members": members}))
    return job.household(key, members, change["trigger"])


def main() -> None:
    app = Application(
        job.BOOTSTRAP,
        consumer_group=f"{job.RUN}quix",
        auto_offset_reset="earliest",
        state_dir=os.environ.get("BENCH_STATE", "state"),
        loglevel="INFO",
        commit_interval=0.1,
        consumer_poll_timeout=1.0,
        consumer_extra_config={
            "session.timeout.ms": 6_000,
            "heartbeat.interval.ms": 500,
            "fetch.wait.max.ms": 50,
            "max.partition.fetch.bytes": job.FETCH_BYTES,
            "queued.max.messages.kbytes": 32_768,
        },
        producer_extra_config={
            "linger.ms": 5,
            "compression.type": "lz4",
            "batch.size": 262_144,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 500_000,
        },
    )
    inputs = [
        app.dataframe(app.topic(topic, value_deserializer=Read(number), key_deserializer="str"))
        for number, topic in enumerate(job.INPUT_TOPICS)
    ]
    views = app.topic(job.RESIDENTS, value_serializer=Write("resident"), key_serializer="str")
    changes = app.topic(
        job.CHANGES, value_serializer=Write("change"), value_deserializer=Read(), key_serializer="str",
        key_deserializer="str",
    )  # fmt: skip
    households = app.topic(job.HOUSEHOLDS, value_serializer=Write("household"), key_serializer="str")
    events = inputs[0].concat(inputs[1]).concat(inputs[2]).concat(inputs[3])
    events = events.apply(fold_resident, stateful=True, metadata=True).filter(lambda result: result is not None)
    events.apply(lambda result: result[0]).to_topic(views)
    events.apply(lambda result: result[1], expand=True).to_topic(changes, key=lambda change: change["household_id"])
    app.dataframe(changes).apply(fold_household, stateful=True, metadata=True).to_topic(households)
    app.run()


if __name__ == "__main__":
    main()
