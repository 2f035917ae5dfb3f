"""Faust as its documentation teaches it: Record models, Avro through a codec, changelogged tables, awaited sends."""

from __future__ import annotations

import os
from typing import Any

import faust
from faust.serializers.codecs import Codec, register

from bench import job


class Avro(Codec):  # type: ignore[misc]
    """Avro by fastavro as a Faust codec. "any" reads only."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def _dumps(self, obj: Any) -> bytes:
        return job.encode(self.name, obj)

    def _loads(self, s: bytes) -> Any:
        return job.decode(s)

    def clone(self, *children: Any) -> Any:
        copy = type(self)(self.name)
        copy.nodes = self.nodes + children
        return copy


for schema in (*job.SCHEMAS, "any"):
    register(f"avro-{schema}", Avro(schema))


class HouseholdChange(faust.Record, serializer="avro-change", include_metadata=False):  # type: ignore[misc,call-arg]
    household_id: str
    resident_id: str
    kind: int
    trigger: str
    tax: int | None = None


class Resident(faust.Record, serializer="avro-resident", include_metadata=False):  # type: ignore[misc,call-arg]
    resident_id: str
    name: str | None = None
    birth_date: str | None = None
    household_id: str | None = None
    address: str | None = None
    district: str | None = None
    dwelling_id: str | None = None
    landlord_id: str | None = None
    tenancy_start: int | None = None
    tenancy_end: int | None = None
    tax_period: str | None = None
    tax_amount: int | None = None
    reg_at: int = 0
    reg_ev: str = ""
    mov_at: int = 0
    mov_ev: str = ""
    ten_at: int = 0
    ten_ev: str = ""
    tax_at: int = 0
    tax_ev: str = ""
    hist: list[str] = []  # noqa: RUF012
    trigger: str = ""


class Members(faust.Record, serializer="avro-household_state", include_metadata=False):  # type: ignore[misc,call-arg]
    members: dict[str, int | None]


class Household(faust.Record, serializer="avro-household", include_metadata=False):  # type: ignore[misc,call-arg]
    household_id: str
    members: list[str]
    count: int
    tax_sum: int
    trigger: str
    taxes: list[int | None]


app = faust.App(
    job.RUN + "faust",
    broker=f"kafka://{job.BOOTSTRAP}",
    store="memory://",
    topic_partitions=job.PARTITIONS,
    topic_replication_factor=1,
    consumer_max_fetch_size=job.FETCH_BYTES,
    datadir=os.environ.get("BENCH_STATE", "state"),
)
# One agent for all four topics: several agents over one table interleave at `await` and give a wrong result.
events = app.topic(*job.INPUT_TOPICS, key_type=str, value_serializer="avro-any")
views = app.topic(job.RESIDENTS, key_type=str, value_type=Resident)
changes = app.topic(job.CHANGES, key_type=str, value_type=HouseholdChange)
household_views = app.topic(job.HOUSEHOLDS, key_type=str, value_type=Household)
residents = app.Table("residents", partitions=job.PARTITIONS, key_type=str, value_type=Resident)
households = app.Table("households", partitions=job.PARTITIONS, key_type=str, value_type=Members)


@app.agent(events)  # type: ignore[untyped-decorator]
async def on_event(stream: Any) -> None:
    async for event in stream.events():
        resident, statement, department = event.key, event.value, job.DEPARTMENT[event.message.topic]
        row = residents.get(resident) or Resident(resident_id=resident, hist=[])
        what, changed = job.fold(row.__dict__, department, statement)
        if what == job.IGNORED:
            continue
        if what == job.CHANGED:
            residents[resident] = row
        await views.send(key=resident, value=row)
        for number, kind, tax in changed:
            value = HouseholdChange(
                household_id=number, resident_id=resident, kind=kind, tax=tax, trigger=statement["event_id"]
            )
            await changes.send(key=number, value=value)


@app.agent(changes)  # type: ignore[untyped-decorator]
async def on_change(stream: Any) -> None:
    async for number, change in stream.items():
        state = households.get(number) or Members(members={})
        job.fold_household(state.members, vars(change))
        households[number] = state
        await household_views.send(key=number, value=Household(**job.household(number, state.members, change.trigger)))


if __name__ == "__main__":
    import sys

    sys.argv = [sys.argv[0], "worker", "--without-web", "-l", "info"]
    app.main()
