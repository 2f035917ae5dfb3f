"""The four phases of `bench/city.py`; each gives a line: what it took by process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import psutil
from confluent_kafka import Consumer, KafkaException, TopicPartition
from rich.console import Console

from bench.city_stack import City, Usage, peak_mb
from demo import play, sheets
from demo.city import DemoCity
from domain.time import CITY
from domain.view import View
from producers.publish import Publisher
from runtime.discover import discover
from wire.contracts import contracts
from wire.topics import CLOCK, group_of_stage

QUIET_S = 5.0
"""A phase is over when everything was read and nothing moved for so long; the quiet is not counted."""
EVERY_S = 0.5
ASKED_S = 20.0
STAGES = ("stage", "records")
Line = dict[str, object]
notes = Console(stderr=True)


class Reading:
    """Up to where the stages have read, and how many events there are to read.

    Asked by consumers that join no group: asking the admin client before the groups exist ended the process (SIGSEGV).
    """

    def __init__(self, city: City) -> None:
        settings = city.settings
        views = discover("domain.views", "VIEW", View)
        client = {**settings.kafka_client(), "enable.auto.commit": False, "log_level": 2}
        self._groups = {
            name: Consumer({**client, "group.id": group_of_stage(settings, name)}) for name in (*views, "records")
        }
        known = self._groups["records"].list_topics(timeout=ASKED_S).topics
        clock = settings.topic_prefix + CLOCK
        self._places = [
            TopicPartition(name, number)
            for name, topic in known.items()
            if name != clock
            for number in topic.partitions
        ]
        subjects = {view.subject: name for name, view in views.items()}
        readers = {
            settings.topic_prefix + contract.topic: subjects[contract.subject]
            for contract in contracts().values()
            if contract.subject in subjects
        }
        self._ends = {
            (readers[place.topic], place.topic, place.partition): self._end(place)
            for place in self._places
            if place.topic in readers
        }
        self.events = sum(self._ends.values())

    def __call__(self) -> tuple[int, int, bool]:
        """(events that were read, all records that were read, without the clock's ticks; whether no event waits)."""
        offsets = {
            (name, place.topic, place.partition): max(0, place.offset)
            for name, group in self._groups.items()
            for place in group.committed(self._places, timeout=ASKED_S)
        }
        read = sum(min(end, offsets[place]) for place, end in self._ends.items())
        return read, sum(offsets.values()), read == self.events

    def close(self) -> None:
        for group in self._groups.values():
            group.close()

    def _end(self, place: TopicPartition) -> int:
        return int(self._groups["records"].get_watermark_offsets(place, ASKED_S, cached=False)[1])


def publish(city: City, folder: Path, residents: int) -> Line:
    """As `citygrid demo load` does, but nobody reads yet: devices' events are not held back for the stages."""
    demo_city = DemoCity(play.SEED, residents, datetime.now(CITY).date())
    play.load_areas(city.settings.dsn("sinks"), demo_city.places.areas)
    notes.print(f"The registers of {residents} residents are written.")
    files = play.write(folder, demo_city)
    others = [stated for stated in play.statements(demo_city) if not sheets.exported(stated.topic)]
    others += play.examples()
    notes.print(f"{len(files)} files and {len(others)} other statements are published.")
    began, cpu, events = time.monotonic(), time.process_time(), len(others)
    with Publisher(city.settings) as publisher:
        for stated in others:
            publisher.publish(stated.topic, stated.statement)
        for path, department in sorted((path, department) for department, path in files):
            events += play.publish(path, department, publisher)
    took, cpu = time.monotonic() - began, time.process_time() - cpu
    return {**_line("publish", events, took, {"publisher": (cpu, peak_mb(psutil.Process().pid))})}


def stages(city: City, residents: int, patience: float) -> Line:
    """All stages on the backlog; the clock runs, since no rule is asked without it."""
    names = city.of_kind(*STAGES)
    reading = Reading(city)
    began = time.monotonic()
    city.start([*city.of_kind("clock"), *names])
    noted = 0.0

    def look() -> tuple[object, bool]:
        nonlocal noted
        read, records, complete = reading()
        if time.monotonic() - noted > 5:
            noted = time.monotonic()
            notes.print(f"stages: {read} of {reading.events} events, {records} records, {noted - began:.0f} s")
        return (read, records), complete

    ended, usage = _until_quiet(city, names, look, patience)
    reading.close()
    line = _line("stages", reading.events, ended - began, usage)
    resident = usage["stage-resident"][1]
    return {**line, "stage_resident_kb_a_resident": round(resident * 1000 / residents, 2)}


def sinks(city: City, residents: int, patience: float) -> Line:
    """Both sinks on what the stages wrote; the stages go on with the clock's ticks beside them."""
    names = city.of_kind("sink")
    began = time.monotonic()
    city.start(names)
    records, noted = dict.fromkeys(names, 0.0), 0.0

    def look() -> tuple[object, bool]:
        nonlocal noted
        behind = 0.0
        for name in names:
            records[name] = city.metric(name, "citygrid_sink_records_total") or records[name]
            lag = city.metric(name, "citygrid_sink_lag_records")
            behind += 1 if lag is None else lag
        if time.monotonic() - noted > 5:
            noted = time.monotonic()
            notes.print(f"sinks: {sum(records.values()):.0f} records, {behind:.0f} wait, {noted - began:.0f} s")
        return dict(records), behind == 0 and any(records.values())

    ended, usage = _until_quiet(city, names, look, patience)
    return _line("sinks", int(sum(records.values())), ended - began, usage)


def sinks_alone(city: City, residents: int, patience: float) -> Line:
    """Both sinks, once nothing else of ours runs: what is compared between trees."""
    city.stop(city.of_kind("clock", *STAGES))
    return sinks(city, residents, patience)


def restart(city: City, residents: int, patience: float) -> Line:
    """All stages killed (-9) at once and started again."""
    names = city.of_kind(*STAGES)
    notes.print(f"kill -9 {', '.join(names)}")
    city.kill(names)
    city.start(names)
    seconds = city.await_rows(names, patience)
    usage = city.used(names)
    return {
        "phase": "restart",
        "ready_after_s": max(seconds.values()),
        "ready_after_s_by_process": seconds,
        "cpu_s": {name: round(cpu, 1) for name, (cpu, _) in usage.items()},
        "peak_mb": {name: round(peak) for name, (_, peak) in usage.items()},
    }


def _until_quiet(
    city: City, names: list[str], look: Callable[[], tuple[object, bool]], patience: float
) -> tuple[float, Usage]:
    """(when something moved last, what the processes had used by then).

    `look` gives (what moves, whether all is read)."""
    began = moved = time.monotonic()
    known, usage = None, city.used(names)
    while True:
        time.sleep(EVERY_S)
        city.all_live()
        now = time.monotonic()
        if now - began > patience:
            raise SystemExit(f"After {patience:.0f} s not all was read: give it more --patience.")
        try:
            state, complete = look()
        except KafkaException as failed:
            notes.print(f"Kafka did not say how far the groups are: {failed}")
            continue
        if state != known:
            known, moved, usage = state, now, city.used(names)
        elif complete and now - moved > QUIET_S:
            return moved, usage


def _line(phase: str, events: int, seconds: float, usage: Mapping[str, tuple[float, float]]) -> Line:
    cpu = {name: round(spent / max(1, events) * 1e6, 1) for name, (spent, _) in usage.items()}
    return {
        "phase": phase,
        "events": events,
        "seconds": round(seconds, 1),
        "events_per_s": round(events / seconds),
        "cpu_us_per_event": round(sum(cpu.values()), 1),
        "cpu_us_per_event_by_process": cpu,
        "peak_mb": {name: round(peak) for name, (_, peak) in usage.items()},
    }
