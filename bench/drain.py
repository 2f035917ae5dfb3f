"""One drain: a system reads the whole backlog, watched from outside, then its result is checked.

What is watched: the ends of its output topics, and what /proc says about its processes: the one that is started and all
that it starts.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from bench import backlog, job, peers

_TICKS = os.sysconf("SC_CLK_TCK")
QUIET_S, SILENT_S = 4.0, 30.0
"""A system that has published nothing for the first is through if its result is right; for the second, in any case (on
a busy machine some pause for seconds)."""
END_S = 15.0
"""A system's processes that have not ended so long after they were asked to are killed."""


@dataclass(frozen=True)
class System:
    """A system of the bench: how its command is made, and how much of the work it gets if it needs minutes."""

    name: str
    command: Callable[[], list[str]]
    limit_s: float = 240.0
    share: float = 1.0
    rounds: int = 1_000
    """Rounds that it takes part in, at most."""
    changelogs: tuple[str, ...] = ()
    """Topics of its own, without the run's name, that are made before it starts: Faust makes them itself, does not see
    them yet in its first metadata, and then acknowledges the event at which its agent failed for that reason."""


SYSTEMS = {
    system.name: system
    for system in (
        System("citygrid", lambda: peers.ours("citygrid")),
        System("plain", lambda: peers.ours("plain")),
        System("kafka-streams", peers.kafka_streams),
        System("flink", peers.flink, rounds=2),
        System("pyflink", peers.pyflink, share=0.02, rounds=2),
        System("quix", peers.quix, share=0.1, rounds=2),
        System(
            "faust",
            lambda: peers.ours("faust_stock"),
            share=0.05,
            rounds=2,
            changelogs=("faust-residents-changelog", "faust-households-changelog"),
        ),
    )
}
"""By name. `share` of the backlog: Quix gets a tenth, stock Faust a twentieth and PyFlink a fiftieth, in two rounds,
since they need so much longer. All drain for half a minute and more then; Quix and Faust do not compile as they run,
and what the start costs comes before the first output, where the measurement begins. Flink compiles, so it gets all of
it, in two rounds. PyFlink's part in Java still compiles in its share, which counts against it."""


@dataclass
class Drain:
    """What one run of one system measured."""

    system: str
    processes: int
    events: int
    events_per_s: float
    cpu_s_per_million: float
    microseconds_per_record: float
    peak_mb: float
    changes: int
    stolen_s: float
    right: bool


def drain(system: System, events: int, want: backlog.Digest, processes: int, log: Path) -> Drain:
    """Run `system` over the backlog of this process's `BENCH_INPUT`. Raises RuntimeError if it publishes nothing."""
    changelogs = dict.fromkeys((job.RUN + name for name in system.changelogs), "compact")
    backlog.make_topics({job.RESIDENTS: "compact", job.CHANGES: "delete", job.HOUSEHOLDS: "compact"} | changelogs)
    watch = _Ends()
    stolen = _stolen()
    children = [_start(system, number, log) for number in range(processes)]
    family = Family(children)
    began = time.monotonic()
    first: float | None = None
    last, cpu, first_cpu, peak, seen = began, 0.0, 0.0, 0.0, watch()
    right = looked = False
    try:
        while time.monotonic() - began < system.limit_s:
            time.sleep(0.1)
            ends, now = watch(), time.monotonic()
            spent, held = family.look()
            peak = max(peak, held)
            if ends != seen:
                if first is None:
                    first, first_cpu = now, spent
                seen, last, cpu, looked = ends, now, spent, False
            elif first is not None and now - last > (SILENT_S if looked else QUIET_S):
                right, looked = backlog.actual() == want, True
                if right or now - last > SILENT_S:
                    break
            if any(child.poll() is not None for child in children):
                raise RuntimeError(f"{system.name} ended by itself; its log is {log}")
            if first is None and now - began > 90:
                raise RuntimeError(f"{system.name} has published nothing for 90 s; its log is {log}")
    finally:
        family.stop()
    if first is None or last <= first:
        raise RuntimeError(f"{system.name} has published nothing; its log is {log}")
    changes = seen[1]
    row = Drain(
        system.name, processes, events, round(events / (last - first)), round(cpu / events * 1e6, 1),
        round((cpu - first_cpu) / (events + changes) * 1e6, 1), round(peak), changes, round(_stolen() - stolen, 1),
        right,
    )  # fmt: skip
    _forget(processes)
    return row


def _start(system: System, number: int, log: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "BENCH_INSTANCE": str(number),
        "BENCH_STATE": str(peers.state(f"{job.RUN}{number}")),
        "BENCH_SCHEMAS": str(peers.BUILD / "schemas.json"),
        "BENCH_FETCH_BYTES": str(job.FETCH_BYTES),
        "PYTHONPATH": str(Path.cwd()),
    }
    command = system.command()
    with log.open("ab") as out:
        return subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)


def _forget(processes: int) -> None:
    for number in range(processes):
        shutil.rmtree(peers.state(f"{job.RUN}{number}"))
    admin = AdminClient({"bootstrap.servers": job.BOOTSTRAP})
    ours = [name for name in admin.list_topics(timeout=10).topics if name.startswith(job.RUN)]
    for future in admin.delete_topics(ours).values():
        future.result(30)


class Family:
    """The processes of a system: those that are started, each the first of a session of its own, and all others in
    these sessions, whoever started them: PyFlink starts Java, and that starts workers in Python."""

    def __init__(self, children: list[subprocess.Popen[bytes]]) -> None:
        self._children = children
        self._sessions = {child.pid for child in children}
        self._spent: dict[int, float] = {}

    def look(self) -> tuple[float, float]:
        """Processor time of all so far (s), those that have ended included; peak memory of those that live (MB)."""
        held = 0.0
        for process, stat in self._members():
            self._spent[process] = (int(stat[11]) + int(stat[12])) / _TICKS
            held += _peak_mb(process)
        return sum(self._spent.values()), held

    def stop(self) -> None:
        """End all of them; those that do not when asked are made to."""
        if not self._end(signal.SIGTERM) and not self._end(signal.SIGKILL):
            raise RuntimeError(f"processes {self._living()} do not end")
        for child in self._children:
            child.wait()

    def _end(self, how: signal.Signals) -> bool:
        for process in self._living():
            with suppress(ProcessLookupError):
                os.kill(process, how)
        until = time.monotonic() + END_S
        while self._living():
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
        return True

    def _living(self) -> list[int]:
        return [process for process, stat in self._members() if stat[0] != "Z"]

    def _members(self) -> Iterator[tuple[int, list[str]]]:
        """Each with the fields of its /proc/…/stat, from its state on."""
        for process in psutil.pids():
            with suppress(FileNotFoundError, ProcessLookupError):
                if os.getsid(process) in self._sessions:
                    yield process, Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()


class _Ends:
    """The ends of the three output topics."""

    def __init__(self) -> None:
        self._asking = Consumer({"bootstrap.servers": job.BOOTSTRAP, "group.id": "bench-watch"})

    @retry(retry=retry_if_exception_type(KafkaException), wait=wait_fixed(0.2), stop=stop_after_delay(30), reraise=True)
    def __call__(self) -> tuple[int, ...]:
        return tuple(
            sum(
                self._asking.get_watermark_offsets(TopicPartition(topic, number), 10, cached=False)[1]
                for number in range(job.PARTITIONS)
            )
            for topic in (job.RESIDENTS, job.CHANGES, job.HOUSEHOLDS)
        )


def _peak_mb(process: int) -> float:
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return 0.0


def _stolen() -> float:
    return int(Path("/proc/stat").read_text().splitlines()[0].split()[8]) / _TICKS
