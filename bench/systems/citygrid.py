"""The job on citygrid's data plane: two Faust agents, rows and changes and offsets in one transaction every 100 ms."""

from __future__ import annotations

import os
from typing import Any

import faust

from bench import job
from dataplane import DataPlane, DataPlaneSettings, RowStore

app = faust.App(
    job.RUN + "citygrid",
    broker=f"rdkafka://{job.BOOTSTRAP}",
    topic_disable_leader=True,
    topic_allow_declare=False,
    web_enabled=False,
    datadir=os.environ.get("BENCH_STATE", "state"),
)
plane = DataPlane(
    app,
    DataPlaneSettings(
        instance=os.environ.get("BENCH_INSTANCE", "0"),
        auto_offset_reset="earliest",
        commit_interval_ms=100,
        linger_ms=5,
        backlog_commit_interval_ms=100,  # as its peers: in the product a backlog's transactions last a second
        consumer_options={"max.partition.fetch.bytes": job.FETCH_BYTES},
    ),
)
write_resident, write_change, write_household = (job.generated(name) for name in ("resident", "change", "household"))


def _load_members(value: bytes) -> dict[str, int | None]:
    row = job.decode(value)
    return dict(zip(row["members"], row["taxes"], strict=True))


def _never_dumped(_members: dict[str, int | None]) -> bytes:
    raise AssertionError("a household's row is written from its number and its members: use put_dumped")


residents: RowStore[job.Record] = plane.add_row_store(RowStore(job.RESIDENTS, job.decode, write_resident))
# The members are kept, the published row is written from them: see `put_dumped`.
households: RowStore[dict[str, int | None]] = plane.add_row_store(
    RowStore(job.HOUSEHOLDS, _load_members, _never_dumped)
)


@app.agent(app.topic(*job.INPUT_TOPICS, key_type=bytes, value_type=bytes))  # type: ignore[untyped-decorator]
async def fold_residents(stream: Any) -> None:
    produce = plane.produce
    async for batch in stream:
        rows, department = residents.rows(batch.partition), job.DEPARTMENT[batch.topic]
        for record in batch.records:
            key, event = record.key(), job.decode(record.value())
            resident = event["resident_id"]
            row = rows.get(key)
            if row is None:
                row = job.new_resident(resident)
            what, changes = job.fold(row, department, event)
            if what != job.IGNORED:
                rows.put(key, row)
                for change in changes:
                    produce(
                        job.CHANGES, change[0].encode(), write_change(job.change(resident, change, event["event_id"]))
                    )
        batch.ack()


@app.agent(app.topic(job.CHANGES, key_type=bytes, value_type=bytes))  # type: ignore[untyped-decorator]
async def fold_households(stream: Any) -> None:
    async for batch in stream:
        rows = households.rows(batch.partition)
        for record in batch.records:
            key, change = record.key(), job.decode(record.value())
            members = rows.get(key)
            if members is None:
                members = {}
            job.fold_household(members, change)
            row = job.household(change["household_id"], members, change["trigger"])
            rows.put_dumped(key, members, write_household(row))
        batch.ack()


if __name__ == "__main__":
    import sys

    sys.argv = [sys.argv[0], "worker", "--without-web", "-l", "info"]
    plane.main()
