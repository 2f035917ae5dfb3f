"""The index of records as a process: `citygrid worker records`. A second worker on the same host has a
`CITYGRID_WORKER_INSTANCE` of its own; the two share the partitions."""

from __future__ import annotations

from typing import Any

from dataplane import DataPlane
from runtime import log
from runtime.settings import Settings, load
from runtime.traces import traces_of
from stream_apps.outlet import Telling
from stream_apps.record_claims import ClaimStore
from stream_apps.record_codec import RecordCodec
from stream_apps.record_index import RecordIndex
from stream_apps.worker import access_of, app_of, process_of, run
from wire.access import Access, on
from wire.registry import Registry
from wire.topics import RECORD_CLAIMS, RECORD_MOVES, group_of_stage

PROCESS = "records"


def build(settings: Settings, process: str) -> DataPlane:
    """The Faust app of the index, with its data plane attached and its agent registered."""
    prefix, group = settings.topic_prefix, group_of_stage(settings, PROCESS)
    app, plane = app_of(group, settings, process)
    codec = RecordCodec(Registry.of(settings), prefix)
    store = ClaimStore(f"{prefix}{RECORD_CLAIMS}")
    plane.add_store(store)
    outlet = Telling(plane, traces_of(settings, process), group)
    index = RecordIndex(store, codec, outlet, prefix=prefix, partitions=settings.partitions)

    plane.on_partitions_revoked(index.hand_over)

    async def fold(stream: Any) -> None:
        async for batch in stream:
            index.fold(batch)
            batch.ack()

    app.agent(app.topic(f"{prefix}{RECORD_CLAIMS}", key_type=bytes, value_type=bytes), name=PROCESS)(fold)
    return plane


def access(settings: Settings) -> Access:
    """What the index does with Kafka. It writes no claim."""
    return access_of(settings, PROCESS, on(settings, [RECORD_CLAIMS]), [RECORD_MOVES])


def main() -> None:
    """Run the index until it is told to stop. Does not return."""
    settings = load()
    process = process_of(PROCESS, settings)
    log.configure(settings, process)
    run(build(settings, process))
