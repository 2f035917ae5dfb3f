"""One stage as a process: `citygrid worker stage resident`. A second worker of the same stage on the same host has a
`CITYGRID_WORKER_INSTANCE` of its own; the two share the stage's partitions."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from typing import Any

import faust
import uvloop

from dataplane import DataPlane, DataPlaneSettings, RowStore, restore_group
from domain.rule import Rule
from domain.view import View
from runtime import log
from runtime.discover import discover
from runtime.settings import Settings, load
from runtime.traces import traces_of
from stream_apps.large_rows import LargeRows
from stream_apps.outlet import Telling
from stream_apps.record_codec import RecordCodec
from stream_apps.stage import Stage
from stream_apps.stage_codec import Wire
from wire.access import PUT_ASIDE, Access, on
from wire.codec import Decoder
from wire.contracts import contracts
from wire.registry import Registry
from wire.topics import ALERTS, CLOCK, RECORD_CLAIMS, RECORD_MOVES, WRITTEN_AT_MOST, group_of_stage


def data_plane_settings(settings: Settings, process: str) -> DataPlaneSettings:
    """The installation's settings as the data plane takes them."""
    prefix = settings.topic_prefix
    return DataPlaneSettings(
        instance=process,
        group_protocol=settings.group_protocol,
        auto_offset_reset="earliest",
        commit_interval_ms=settings.commit_interval_ms,
        commit_every_records=settings.commit_every_records,
        http_host=settings.host,
        http_port=0 if settings.worker_instance and process not in settings.worker_ports else settings.port_of(process),
        dead_letter_topic=f"{prefix}dead-letters",
        parked_topic=f"{prefix}parked",
        producer_options={"message.max.bytes": WRITTEN_AT_MOST},
        security={k: v for k, v in settings.kafka_client().items() if k != "bootstrap.servers"},
    )


def app_of(group: str, settings: Settings, process: str) -> tuple[faust.App, DataPlane]:
    """A Faust app that reads as `group`, with its data plane attached."""
    app = faust.App(
        group,
        broker=f"rdkafka://{settings.kafka_bootstrap.replace(',', ';rdkafka://')}",
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        datadir=str(settings.state_dir / "faust" / process),
    )
    (settings.state_dir / "faust").mkdir(parents=True, exist_ok=True)
    return app, DataPlane(app, data_plane_settings(settings, process))


def process_of(name: str, settings: Settings) -> str:
    """The name of this worker's process."""
    return name + (f"-{settings.worker_instance}" if settings.worker_instance else "")


def run(plane: DataPlane) -> None:
    """Run until it is told to stop. Does not return."""
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    plane.app.finalize()
    # As `faust worker` does, but our logs stay ours: events with fields, nothing personal.
    faust.Worker(plane.app, quiet=True, override_logging=False, redirect_stdouts=False).execute_from_commandline()


def build(view: View, rules: list[Rule], settings: Settings, process: str) -> DataPlane:
    """The Faust app of one view, with its data plane attached and its agent registered."""
    prefix = settings.topic_prefix
    registry = Registry.of(settings)
    wire = Wire(view, registry, prefix)
    group = group_of_stage(settings, view.name)
    app, plane = app_of(group, settings, process)
    large = LargeRows(view.name, settings.partitions)

    def restored(value: bytes) -> Any:
        row = wire.load_row(value)
        large.measured(row.id.encode(), len(value))
        return row

    store: RowStore[Any] = plane.add_row_store(RowStore(f"{prefix}rows.{view.name}", restored, wire.dump_row))
    stage = Stage(
        view,
        rules,
        store,
        wire,
        RecordCodec(registry, prefix),
        Decoder(registry, topic_prefix=prefix),
        Telling(plane, traces_of(settings, process), group),
        prefix=prefix,
        partitions=settings.partitions,
        live_since=int(settings.live_since.timestamp()) * 1_000_000,
        one_subject=one_subject(view),
        misjudged_a_minute=settings.misjudged_a_minute,
        large=large,
    )
    plane.on_partitions_assigned(stage.take_over)
    plane.on_partitions_revoked(stage.hand_over)

    async def fold(stream: Any) -> None:
        async for batch in stream:
            stage.fold(batch)
            batch.ack()

    app.agent(app.topic(*topics_of(view, prefix), key_type=bytes, value_type=bytes), name=f"stage-{view.name}")(fold)
    return plane


def topics_of(view: View, prefix: str) -> list[str]:
    """What the stage of `view` reads: every contract of its subject, what others contribute to it, which of its
    records have left it, and the clock."""
    stated = [topic for topic, contract in contracts().items() if contract.subject == view.subject]
    received = [f"contributions.{view.name}"] if view.contribution is not None else []
    moves = [RECORD_MOVES] if one_subject(view) else []
    return [prefix + topic for topic in (*stated, *received, *moves, CLOCK)]


def access(settings: Settings, name: str) -> Access:
    """What the stage of the view `name` does with Kafka."""
    view = discover("domain.views", "VIEW", View)[name]
    claims = {RECORD_CLAIMS} if one_subject(view) else set()
    contributed = {f"contributions.{other}" for other in view.contributes_to}
    rows = f"rows.{name}"
    reads = on(settings, [rows]).union(topics_of(view, settings.topic_prefix))
    return access_of(settings, name, reads, {rows, ALERTS, *contributed, *claims})


def access_of(settings: Settings, name: str, reads: frozenset[str], writes: Iterable[str]) -> Access:
    """As `access` for any worker of the data plane: what it knows is restored by a group of its own. `reads` are names
    on the cluster."""
    group = group_of_stage(settings, name)
    return Access(
        reads=reads,
        writes=on(settings, [*PUT_ASIDE, *writes]),
        groups=frozenset({group, restore_group(group)}),
        transactions=f"{group}-",
    )


def one_subject(view: View) -> frozenset[tuple[str, str]]:
    """(topic, kind) of what the stage of `view` reads and of which a record is about one subject at a time."""
    return frozenset(
        (topic, kind)
        for topic, contract in contracts().items()
        if contract.subject == view.subject
        for kind in contract.one_subject
    )


def main(name: str) -> None:
    """Run the stage of the view `name` until it is told to stop. Does not return."""
    settings = load()
    views = discover("domain.views", "VIEW", View)
    if name not in views:
        sys.exit(f"There is no view {name!r}: the views are {', '.join(views)}.")
    process = process_of(f"stage-{name.replace('_', '-')}", settings)
    log.configure(settings, process)
    rules = [rule for rule in discover("domain.rules", "RULE", Rule).values() if rule.view == name]
    plane = build(views[name], rules, settings, process)
    run(plane)
