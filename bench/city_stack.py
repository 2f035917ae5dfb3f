"""The city's processes in a stack of their own: started, killed and watched one by one, for `bench/city.py`."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import psutil

from database.migrate import migrate
from local.stack import children, downloads
from local.stack.children import Child, Program
from local.stack.local import LocalStack, Ports, stop
from local.stack.ports import free_ports
from processes.inventory import workers
from runtime.settings import CHECKOUT, Settings, load
from wire.topics import ensure_schemas, ensure_topics

Usage = dict[str, tuple[float, float]]
"""By process, its children included: user and system seconds since its start, peak resident MB."""


class City:
    """A stack of its own in `folder`; our processes are started when a phase needs them."""

    def __init__(self, stack: LocalStack, settings: Settings) -> None:
        self.settings = settings
        self.env_file = stack.env_file
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

    def stop(self, names: list[str] | None = None) -> None:
        """End our processes (these, or all) in order, all at once."""
        ending = [self.running.pop(name) for name in names or list(self.running)]
        for child in ending:
            if child.alive:
                child.process.send_signal(child.program.stops_by)
        for child in ending:
            child.stop()

    def await_rows(self, names: list[str], patience: float) -> dict[str, float]:
        """Seconds from now until each process holds its partitions and has restored their rows. Ends the bench if one
        dies or takes longer than `patience`."""
        began, ready = time.monotonic(), dict[str, float]()
        while len(ready) < len(names):
            self.all_live()
            for name in names:
                # A member that holds nothing yet is ready too: the group waits for the session of the killed one.
                if name not in ready and self._ready(name) and self.metric(name, "rdkafka_assigned_partitions"):
                    ready[name] = round(time.monotonic() - began, 1)
            if time.monotonic() - began > patience:
                lacking = ", ".join(name for name in names if name not in ready)
                raise SystemExit(f"After {patience:.0f} s not ready: {lacking}. Give it more --patience.")
            time.sleep(0.1)
        return ready

    def all_live(self) -> None:
        """Ends the bench with the end of its log if a process ended by itself."""
        for name, child in self.running.items():
            if not child.alive:
                raise SystemExit(f"{name} ended by itself.{children.log_tail(child.program.log)}")

    def used(self, names: list[str]) -> Usage:
        """By process, its children included: (user and system seconds since its start, peak resident MB)."""
        usage: Usage = {}
        for name in names:
            parent = psutil.Process(self.running[name].process.pid)
            ended = parent.cpu_times()
            family = [parent, *parent.children(recursive=True)]
            cpu = sum(times.user + times.system for times in (process.cpu_times() for process in family))
            cpu += ended.children_user + ended.children_system
            usage[name] = (cpu, sum(peak_mb(process.pid) for process in family))
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

    def _ready(self, name: str) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.settings.port_of(name)}/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def city_in(folder: Path) -> Iterator[City]:
    """A city without our processes in `folder`, its topics, schemas and tables made; all of it ends with the block."""
    stack = LocalStack(folder, Ports.free(), downloads.folder(None))
    parts = stack.start()
    try:
        city = City(stack, _settings(stack))
        try:
            yield city
        finally:
            city.stop()
    finally:
        stop(parts)


def _settings(stack: LocalStack) -> Settings:
    names = [worker.name for worker in workers()]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    more = {"CITYGRID_WORKER_PORTS": json.dumps(ports), "CITYGRID_API_METRICS_PORT": "0"}
    settings = load(stack.write_environment(more))
    migrate(settings.dsn("owner"))
    ensure_topics(settings)
    ensure_schemas(settings)
    return settings


def peak_mb(pid: int) -> float:
    """The most memory that the process had so far (MB of 1,000,000 bytes)."""
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(peak[1]) * 1024 / 1e6 if peak else 0.0
