"""PyFlink: the topology of `java/city/FlinkJoin.java`, its reader and its exactly-once sinks, with the folds in Python.

Java's part (Kafka, state, checkpoints) has the settings of the job in Java. What flows is (key, framed Avro).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from pyflink.common import Configuration, Types, WatermarkStrategy
from pyflink.datastream import KeyedProcessFunction, OutputTag, StreamExecutionEnvironment
from pyflink.datastream.connectors.kafka import KafkaSink, KafkaSource
from pyflink.datastream.state import ValueStateDescriptor
from pyflink.java_gateway import get_gateway

from bench import job

BYTES = Types.PRIMITIVE_ARRAY(Types.BYTE())
KEYED = Types.TUPLE([Types.STRING(), BYTES])
CHANGES = OutputTag("changes", KEYED)
DEPARTMENT = {job.SCHEMA_ID[source]: number for number, source in enumerate(job.SOURCES)}

Keyed = tuple[str, bytes]


class Fold(KeyedProcessFunction):  # type: ignore[misc]
    def open(self, runtime_context: Any) -> None:
        self.kept = runtime_context.get_state(ValueStateDescriptor("kept", BYTES))


class Residents(Fold):
    def process_element(self, value: Keyed, ctx: Any) -> Iterator[Keyed | tuple[OutputTag, Keyed]]:
        resident, framed = value
        event, before = job.decode(framed), self.kept.value()
        row = job.new_resident(resident) if before is None else job.decode(before)
        what, changes = job.fold(row, DEPARTMENT[int.from_bytes(framed[1:5], "big")], event)
        if what == job.IGNORED:
            return
        after = job.encode("resident", row)
        if what == job.CHANGED:
            self.kept.update(after)
        yield resident, after
        for change in changes:
            yield CHANGES, (change[0], job.encode("change", job.change(resident, change, event["event_id"])))


class Households(Fold):
    def process_element(self, value: Keyed, ctx: Any) -> Iterator[Keyed]:
        household, framed = value
        change, before = job.decode(framed), self.kept.value()
        members = {} if before is None else job.decode(before)["members"]
        job.fold_household(members, change)
        self.kept.update(job.encode("household_state", {"members": members}))
        yield household, job.encode("household", job.household(household, members, change["trigger"]))


def settings() -> Configuration:
    """Those of `FlinkJoin.java`, and which Python folds."""
    state = os.environ.get("BENCH_STATE", "state")
    chosen = Configuration()
    for name, value in {
        "state.backend.type": "rocksdb",
        "execution.checkpointing.incremental": "true",
        "execution.checkpointing.interval": "100 ms",
        "execution.checkpointing.dir": f"file://{state}/checkpoints",
        "io.tmp.dirs": state,
        "pipeline.object-reuse": "true",
        "taskmanager.memory.managed.size": "256m",
        "parallelism.default": "1",
        "python.executable": sys.executable,
        "python.client.executable": sys.executable,
        "python.execution-mode": os.environ.get("BENCH_PYFLINK_MODE", "process"),
    }.items():
        chosen.set_string(name, value)
    return chosen


def main() -> None:
    flink = StreamExecutionEnvironment.get_execution_environment(settings())
    flink.add_classpaths(*os.environ["BENCH_CLASSES"].split())
    kafka = get_gateway().jvm.city.FlinkKafka

    def sink(topic: str) -> KafkaSink:
        return KafkaSink(kafka.sink(job.BOOTSTRAP, topic))

    source = kafka.source(job.BOOTSTRAP, f"{job.RUN}pyflink", list(job.INPUT_TOPICS), str(job.FETCH_BYTES))
    events = flink.from_source(KafkaSource(source), WatermarkStrategy.no_watermarks(), "events")
    residents = events.key_by(lambda event: event[0], Types.STRING()).process(Residents(), KEYED)
    residents.sink_to(sink(job.RESIDENTS))
    changes = residents.get_side_output(CHANGES)
    changes.sink_to(sink(job.CHANGES))
    households = changes.key_by(lambda change: change[0], Types.STRING()).process(Households(), KEYED)
    households.sink_to(sink(job.HOUSEHOLDS))
    flink.execute("city")


if __name__ == "__main__":
    # Under the name by which Flink's workers import the folds: those of __main__ would be pickled with all they name.
    import_module("bench.systems.pyflink").main()
