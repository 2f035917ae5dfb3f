"""From publishing to a task: the whole product under a steady load, timed per event. `python -m bench.latency`.

A stack of its own in a temporary folder on free ports: Kafka, registry, PostgreSQL, and every process that
`citygrid up` starts. Tenancies are published through the departments' door; each opens the finding `newly-let`, whose
task a reader sees in PostgreSQL. Both ends are this process, so there is one clock.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Annotated
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
import typer
from rich.console import Console

from citygrid.processes import Process, workers
from citygrid.stack import children, downloads
from citygrid.stack.children import Child, Program
from citygrid.stack.local import LocalStack, Ports, stop
from citygrid.stack.ports import free_ports
from domain.codes import with_check_character
from runtime.publish import Publisher, Statement
from runtime.settings import CHECKOUT, Settings, load
from runtime.topics import ensure_schemas, ensure_topics
from sinks.migrate import migrate

LATEST = CHECKOUT / "bench" / "latest_latency.json"
DAY_US = 86_400_000_000
WARM_S = 5
PATIENCE_S = 90.0
out = Console()


class Queue:
    """A reader of the tasks: wakes on the notification that the pages wake on, then asks which tasks are new."""

    def __init__(self, dsn: str) -> None:
        self.seen: dict[str, float] = {}
        """Number of the lease -> when its task was there for us, by `time.perf_counter`."""
        self._dsn = dsn
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._read, name="queue", daemon=True)

    def __enter__(self) -> Queue:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _read(self) -> None:
        cursor = 0
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute("LISTEN city_feed")
            while not self._stopping.is_set():
                found = connection.execute(
                    "SELECT feed.id, alert.cause FROM city.feed JOIN city.task ON task.id = feed.key::uuid "
                    "JOIN city.alert USING (finding_id) WHERE feed.kind = 'task' AND feed.id > %s ORDER BY feed.id",
                    (cursor,),
                ).fetchall()
                now = time.perf_counter()
                for number, lease in found:
                    cursor = number
                    self.seen.setdefault(lease, now)
                for _ in connection.notifies(timeout=0.2, stop_after=1):
                    pass


def main(
    rate: Annotated[int, typer.Option(help="events a second")] = 200,
    seconds: Annotated[int, typer.Option(help="how long")] = 20,
) -> None:
    """Time publish → task through the whole product. Takes about two minutes; needs a quiet machine."""
    with tempfile.TemporaryDirectory(prefix="citygrid-latency-") as scratch, product(Path(scratch)) as settings:
        count = rate * (seconds + WARM_S)
        dwellings = [f"BENCH{number:06d}" for number in range(count)]
        register(settings, dwellings)
        with Queue(settings.dsn("sinks")) as queue:
            said = let(settings, dwellings, rate)
            _until(lambda: len(queue.seen) >= count, PATIENCE_S, lambda: f"{len(queue.seen)} tasks of {count}")
    timed = sorted(queue.seen[lease] - at for lease, at in list(said.items())[rate * WARM_S :])
    cuts = quantiles(timed, n=100)
    row = {
        "rate": rate,
        "n": len(timed),
        "p50_ms": round(cuts[49] * 1000, 1),
        "p99_ms": round(cuts[98] * 1000, 1),
        "max_ms": round(timed[-1] * 1000, 1),
    }
    LATEST.write_text(json.dumps(row) + "\n")
    out.print(f"publish → task at {rate} events/s:", json.dumps(row))


@contextmanager
def product(folder: Path) -> Iterator[Settings]:
    """Everything that `citygrid up` runs, as children of this process; ends with the block."""
    stack = LocalStack(folder, Ports.free(), downloads.folder(None))
    parts = stack.start()
    try:
        ours = workers()
        ports = dict(zip((worker.name for worker in ours), free_ports(len(ours)), strict=True))
        more = {
            "CITYGRID_WORKER_PORTS": json.dumps(ports),
            "CITYGRID_API_PORT": str(ports["api"]),
            "CITYGRID_API_METRICS_PORT": "0",
        }
        settings = load(stack.write_environment(more))
        migrate(settings.dsn("owner"))
        ensure_topics(settings)
        ensure_schemas(settings)
        running: list[Child] = []
        try:
            running += [children.start(_program(worker, stack)) for worker in ours]
            for worker, child in zip(ours, running, strict=True):
                ready = partial(_ready, ports[worker.name], "/" if worker.kind == "api" else "/ready")
                children.wait_until(worker.name, ready, partial(_lives, child), child.program.log, PATIENCE_S)
            yield settings
        finally:
            for child in running:
                child.process.send_signal(child.program.stops_by)
            for child in running:
                child.stop()
    finally:
        stop(parts)


def register(settings: Settings, dwellings: list[str]) -> None:
    """Enter the dwellings in their register; returns when PostgreSQL knows in which grid each lies."""
    now = time.time_ns() // 1000
    with Publisher(settings) as publisher:
        for number, dwelling in enumerate(dwellings):
            grid = f"440113{1 + number % 3:03d}{1 + number % 4:03d}{1 + number % 9:03d}"
            entry = {
                "grid": grid,
                "address": f"示例街{number % 90 + 1}号",
                "floor_area_m2": 61.25,
                "use": "rental",
                "district": grid[:6],
            }
            said = Statement("DwellingRegistered", f"FW{number:06d}", dwelling, now, now, entry)
            publisher.publish("housing.dwelling-register", said)
    with psycopg.connect(settings.dsn("sinks"), autocommit=True) as connection:

        def placed() -> int:
            answer = connection.execute("SELECT count(*) FROM city.placement WHERE grid IS NOT NULL").fetchone()
            return int(answer[0]) if answer else 0

        _until(lambda: placed() >= len(dwellings), PATIENCE_S, lambda: f"{placed()} of {len(dwellings)} are placed")


def let(settings: Settings, dwellings: list[str], rate: int) -> dict[str, float]:
    """Let each dwelling, `rate` a second. -> number of the lease: when it was given to the publisher."""
    said: dict[str, float] = {}
    people = [with_check_character(f"440113{1950 + number % 50}0101{number % 1000:03d}") for number in range(1_000)]
    with Publisher(settings) as publisher:
        began = time.perf_counter()
        for number, dwelling in enumerate(dwellings):
            if (early := began + number / rate - time.perf_counter()) > 0:
                time.sleep(early)
            now = time.time_ns() // 1000
            landlord, tenant = people[number % 1_000], people[(number + 1) % 1_000]
            change = {"landlord": landlord, "tenants": [tenant], "start": now // DAY_US - 1}
            lease = f"ZL{number:06d}"
            said[lease] = time.perf_counter()
            publisher.publish("housing.tenancy", Statement("Let", lease, dwelling, now, now, change))
            publisher.poll()
    return said


def _program(worker: Process, stack: LocalStack) -> Program:
    environment = {"CITYGRID_ENV_FILE": str(stack.env_file)}
    return Program(worker.name, worker.command, CHECKOUT, stack.log(worker.name), environment)


def _ready(port: int, path: str) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _lives(child: Child) -> bool:
    return child.alive


def _until(done: Callable[[], bool], patience: float, lacking: Callable[[], str]) -> None:
    deadline = time.monotonic() + patience
    while not done():
        if time.monotonic() > deadline:
            raise SystemExit(f"After {patience:.0f} s there are only {lacking()}: look at the machine's load.")
        time.sleep(0.1)


if __name__ == "__main__":
    typer.run(main)
