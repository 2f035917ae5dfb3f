"""The product's own path, phase by phase: `python -m bench.city --residents 180000`.

The registers of the demo city are published, then all stages read them as a backlog, then both sinks read what the
stages wrote, then all stages are killed (-9) and started again. A JSON line a phase is printed;
`bench/latest_city.json` has the last run.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.request import urlopen

import psutil
import typer
from confluent_kafka import Consumer, KafkaException, TopicPartition
from rich.console import Console

from database.migrate import migrate
from demo import play, sheets
from demo.city import DemoCity
from domain.view import View
from local.stack import children, downloads
from local.stack.children import Child, Program
from local.stack.local import LocalStack, Ports, stop
from local.stack.ports import free_ports
from processes.inventory import Process, workers
from producers.publish import Publisher
from runtime.discover import discover
from runtime.settings import CHECKOUT, Settings, load
from wire.contracts import contracts
from wire.topics import CLOCK, ensure_schemas, ensure_topics, group_of_stage

LATEST = CHECKOUT / "bench" / "latest_city.json"
QUIET_S = 5.0
"""A phase is over when everything was read and nothing moved for so long; the quiet is not counted."""
EVERY_S = 0.5
ASKED_S = 20.0
STAGES = ("stage", "records")
Line = dict[str, object]
out = Console(soft_wrap=True)
notes = Console(stderr=True)


class City:
    """A stack of its own in `folder`; our processes are started when a phase needs them."""

    def __init__(self, stack: LocalStack, settings: Settings) -> None:
        self.settings = settings
        self._stack = stack
        self.workers = {worker.name: worker for worker in workers()}
        self.running: dict[str, Child] = {}

    def of_kind(self, *kinds: str) -> list[str]:
        """Names of the processes of these kinds."""
        return [name for name, worker in self.workers.items() if worker.kind in kinds]

    def start(self, names: list[str]) -> None:
        environment = {"CITYGRID_ENV_FILE": str(self._stack.env_file)}
        for name in names:
            program = Program(name, self.workers[name].command, CHECKOUT, self._stack.log(name), environment)
            self.running[name] = children.start(program)

    def kill(self, names: list[str]) -> None:
        """kill -9, all at once."""
        for name in names:
            self.running[name].process.kill()
        for name in names:
            self.running[name].process.wait()

    def stop(self) -> None:
        """End our processes in order, all at once."""
        for child in self.running.values():
            if child.alive:
                child.process.send_signal(child.program.stops_by)
        for child in self.running.values():
            child.stop()

    def await_ready(self, names: list[str], patience: float) -> dict[str, float]:
        """Seconds from now until each process is ready. Ends the bench if one dies or takes longer than `patience`."""
        began, ready = time.monotonic(), dict[str, float]()
        while len(ready) < len(names):
            self.all_live()
            for name in names:
                if name not in ready and self._ready(self.workers[name]):
                    ready[name] = round(time.monotonic() - began, 1)
            if time.monotonic() - began > patience:
                lacking = ", ".join(name for name in names if name not in ready)
                raise SystemExit(f"After {patience:.0f} s not ready: {lacking}. {self._where()}")
            time.sleep(0.1)
        return ready

    def all_live(self) -> None:
        """Ends the bench with the end of its log if a process ended by itself."""
        for name, child in self.running.items():
            if not child.alive:
                raise SystemExit(f"{name} ended by itself.{children.log_tail(child.program.log)}")

    def used(self, names: list[str]) -> dict[str, tuple[float, float]]:
        """By process, its children included: (user and system seconds since its start, peak resident MB)."""
        usage = {}
        for name in names:
            parent = psutil.Process(self.running[name].process.pid)
            ended = parent.cpu_times()
            family = [parent, *parent.children(recursive=True)]
            cpu = sum(times.user + times.system for times in (process.cpu_times() for process in family))
            cpu += ended.children_user + ended.children_system
            usage[name] = (cpu, sum(_peak_mb(process.pid) for process in family))
        return usage

    def metric(self, name: str, metric: str) -> float | None:
        """The sum over all labels of a worker's metric; None while it does not answer or does not have it."""
        try:
            port = self.settings.port_of(name)
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                text = answer.read().decode()
        except OSError:
            return None
        samples = re.findall(rf"^{metric}(?:\{{[^}}]*\}})? (\S+)$", text, re.MULTILINE)
        return sum(map(float, samples)) if samples else None

    def _ready(self, worker: Process) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.settings.port_of(worker.name)}/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _where(self) -> str:
        return "Give it more --patience, or look at the machine's load."


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


def main(
    residents: Annotated[int, typer.Option(help="of the demo city")] = 180_000,
    patience: Annotated[float, typer.Option(help="seconds that one phase may take")] = 1_800.0,
) -> None:
    """Time the product's own path: publish, stages, sinks, restart. Ends by itself; needs a quiet machine.

    Example: python -m bench.city --residents 180000
    """
    began, load_before = time.monotonic(), psutil.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="citygrid-city-") as scratch:
        stack = LocalStack(Path(scratch), Ports.free(), downloads.folder(None))
        parts = stack.start()
        try:
            city = City(stack, _settings(stack))
            try:
                lines = _phases(city, Path(scratch) / "demo", residents, patience)
            finally:
                city.stop()
        finally:
            stop(parts)
    minutes = round((time.monotonic() - began) / 60, 1)
    run = {
        "when": f"{datetime.now().astimezone():%Y-%m-%d %H:%M}",
        "residents": residents,
        "cores": psutil.cpu_count(),
        "load_before": round(load_before, 1),
        "minutes": minutes,
        "phases": lines,
    }
    LATEST.write_text(json.dumps(run, indent=1) + "\n")
    notes.print(f"{minutes} minutes; {LATEST}")


def _settings(stack: LocalStack) -> Settings:
    names = [worker.name for worker in workers()]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    more = {"CITYGRID_WORKER_PORTS": json.dumps(ports), "CITYGRID_API_METRICS_PORT": "0"}
    settings = load(stack.write_environment(more))
    migrate(settings.dsn("owner"))
    ensure_topics(settings)
    ensure_schemas(settings)
    return settings


def _phases(city: City, folder: Path, residents: int, patience: float) -> list[Line]:
    lines = [_publish(city, folder, residents)]
    _print(lines[-1])
    for phase in (_stages, _sinks, _restart):
        lines.append(phase(city, residents, patience))
        _print(lines[-1])
    return lines


def _publish(city: City, folder: Path, residents: int) -> Line:
    """As `citygrid demo load` does, but nobody reads yet: devices' events are not held back for the stages."""
    demo_city = DemoCity(play.SEED, residents, datetime.now(city.settings.zone).date())
    play.load_areas(city.settings.dsn("sinks"), demo_city.places.areas)
    notes.print(f"The registers of {residents} residents are written.")
    files = play.write(folder, demo_city)
    others = [said for said in play.statements(demo_city) if not sheets.exported(said.topic)]
    others += play.examples()
    notes.print(f"{len(files)} files and {len(others)} other statements are published.")
    began, cpu, events = time.monotonic(), time.process_time(), len(others)
    with Publisher(city.settings) as publisher:
        for said in others:
            publisher.publish(said.topic, said.statement)
        for path, department in sorted((path, department) for department, path in files):
            events += play.publish(path, department, publisher)
    took, cpu = time.monotonic() - began, time.process_time() - cpu
    return {**_line("publish", events, took, {"publisher": (cpu, _peak_mb(psutil.Process().pid))})}


def _stages(city: City, residents: int, patience: float) -> Line:
    """All stages on the backlog; the clock runs, since no rule is asked without it."""
    names = city.of_kind(*STAGES)
    reading = Reading(city)
    began = time.monotonic()
    city.start([*city.of_kind("clock"), *names])
    told = 0.0

    def look() -> tuple[object, bool]:
        nonlocal told
        read, records, complete = reading()
        if time.monotonic() - told > 5:
            told = time.monotonic()
            notes.print(f"stages: {read} of {reading.events} events, {records} records, {told - began:.0f} s")
        return (read, records), complete

    ended, usage = _until_quiet(city, names, look, patience)
    reading.close()
    line = _line("stages", reading.events, ended - began, usage)
    resident = usage["stage-resident"][1]
    return {**line, "stage_resident_kb_a_resident": round(resident * 1000 / residents, 2)}


def _sinks(city: City, residents: int, patience: float) -> Line:
    """Both sinks on what the stages wrote; the stages go on with the clock's ticks beside them."""
    names = city.of_kind("sink")
    began = time.monotonic()
    city.start(names)
    records, told = dict.fromkeys(names, 0.0), 0.0

    def look() -> tuple[object, bool]:
        nonlocal told
        behind = 0.0
        for name in names:
            records[name] = city.metric(name, "citygrid_sink_records_total") or records[name]
            lag = city.metric(name, "citygrid_sink_lag_records")
            behind += 1 if lag is None else lag
        if time.monotonic() - told > 5:
            told = time.monotonic()
            notes.print(f"sinks: {sum(records.values()):.0f} records, {behind:.0f} wait, {told - began:.0f} s")
        return dict(records), behind == 0 and any(records.values())

    ended, usage = _until_quiet(city, names, look, patience)
    return _line("sinks", int(sum(records.values())), ended - began, usage)


def _restart(city: City, residents: int, patience: float) -> Line:
    """All stages killed (-9) at once and started again."""
    names = city.of_kind(*STAGES)
    notes.print(f"kill -9 {', '.join(names)}")
    city.kill(names)
    city.start(names)
    seconds = city.await_ready(names, patience)
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
) -> tuple[float, dict[str, tuple[float, float]]]:
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


def _print(line: Line) -> None:
    out.print(json.dumps(line), highlight=False)


def _peak_mb(pid: int) -> float:
    """The most memory that the process had so far (MB of 1,000,000 bytes)."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


if __name__ == "__main__":
    typer.run(main)
