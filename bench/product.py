"""The whole product under a steady load: every process that `citygrid up` runs, the departments' door, a reader of the
tasks. For measurements from end to end (`latency.py`, `soak.py`)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.request import urlopen

import psutil
import psycopg

from database.migrate import migrate
from domain.codes import with_check_character
from local.stack import children, downloads
from local.stack.children import Child, Program
from local.stack.local import LocalStack, Ports, stop
from local.stack.ports import free_ports
from processes.inventory import Process, workers
from producers.publish import Publisher, Statement
from runtime.settings import CHECKOUT, Settings, load
from wire.topics import ensure_schemas, ensure_topics

DAY_US = 86_400_000_000
PATIENCE_S = 90.0
_PEOPLE = [with_check_character(f"440113{1950 + number % 50}0101{number:03d}") for number in range(1_000)]


class Product:
    """A stack of its own and every process of ours, as children of this thread."""

    def __init__(self, stack: LocalStack, settings: Settings, parts: dict[str, Child]) -> None:
        self.settings = settings
        self.running = dict(parts)
        """By name: Kafka, registry and PostgreSQL, then our own."""
        self._ours = {worker.name: worker for worker in workers()}
        for worker in self._ours.values():
            environment = {"CITYGRID_ENV_FILE": str(stack.env_file)}
            program = Program(worker.name, worker.command, CHECKOUT, stack.log(worker.name), environment)
            self.running[worker.name] = children.start(program)

    @property
    def killable(self) -> list[str]:
        """Names of our own processes."""
        return list(self._ours)

    def await_ready(self) -> None:
        """Return once every process says that it is ready. Raises PartFailed."""
        for name, worker in self._ours.items():
            child = self.running[name]
            ready, lives = partial(self._ready, worker), partial(_lives, child)
            children.wait_until(name, ready, lives, child.program.log, PATIENCE_S)

    def kill(self, name: str) -> None:
        """kill -9, and start again as the supervisor does."""
        self.running[name].kill()
        self.running[name] = children.start(self.running[name].program)

    def memory_mb(self) -> dict[str, float]:
        """Resident memory of each process, its children included (MB)."""
        resident = {}
        for name, child in self.running.items():
            process = psutil.Process(child.process.pid)
            family = [process, *process.children(recursive=True)]
            resident[name] = sum(member.memory_info().rss for member in family) / 1e6
        return resident

    def _ready(self, worker: Process) -> bool:
        port = self.settings.worker_ports[worker.name]
        path = "/" if worker.kind == "api" else "/ready"
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def product(folder: Path, **settings_of: str) -> Iterator[Product]:
    """The product in `folder` on free ports, ready; it ends with the block. `settings_of`: settings by their names."""
    stack = LocalStack(folder, Ports.free(), downloads.folder(None))
    parts = stack.start()
    try:
        ours = [worker.name for worker in workers()]
        ports = dict(zip(ours, free_ports(len(ours)), strict=True))
        more = {
            "CITYGRID_WORKER_PORTS": json.dumps(ports),
            "CITYGRID_API_PORT": str(ports["api"]),
            "CITYGRID_API_METRICS_PORT": "0",
            **{f"CITYGRID_{name.upper()}": value for name, value in settings_of.items()},
        }
        settings = load(stack.write_environment(more))
        migrate(settings.dsn("owner"))
        ensure_topics(settings)
        ensure_schemas(settings)
        running = Product(stack, settings, {str(name): child for name, child in parts.items()})
        try:
            running.await_ready()
            yield running
        finally:
            ours_now = [running.running[name] for name in running.killable]
            for child in ours_now:  # all at once: each may need seconds to leave its group
                if child.alive:
                    child.process.send_signal(child.program.stops_by)
            for child in ours_now:
                child.stop()
    finally:
        stop(parts)


class Queue:
    """A reader of the tasks: it wakes on the notification that the pages wake on, then reads what is new.

    `on_task(lease, time)` is called in its thread for each new task, `time` by `time.perf_counter`.
    """

    def __init__(self, dsn: str, on_task: Callable[[str, float], None]) -> None:
        self._dsn = dsn
        self._on_task = on_task
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
        known: set[str] = set()
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute("LISTEN city_feed")
            while not self._stopping.is_set():
                lines = connection.execute(
                    "SELECT feed.id, feed.key, alert.cause FROM city.feed JOIN city.task ON task.id = feed.key::uuid "
                    "JOIN city.alert USING (finding_id) WHERE feed.kind = 'task' AND feed.id > %s ORDER BY feed.id",
                    (cursor,),
                ).fetchall()
                now = time.perf_counter()
                for number, task, lease in lines:
                    cursor = number
                    if task in known:
                        known.discard(task)  # it was closed, and is not told again
                    else:
                        known.add(task)
                        self._on_task(lease, now)
                for _ in connection.notifies(timeout=0.2, stop_after=1):
                    pass


def grid_of(number: int) -> str:
    """Dwellings lie in 36 grids, one after the other."""
    return f"440113{1 + number % 3:03d}{1 + number % 4:03d}{1 + number % 9:03d}"


def register(settings: Settings, dwellings: list[str], grid_of: Callable[[int], str] = grid_of) -> None:
    """Enter the dwellings in their register; returns when PostgreSQL knows in which grid each lies."""
    now = time.time_ns() // 1000
    with Publisher(settings) as publisher:
        for number, dwelling in enumerate(dwellings):
            grid = grid_of(number)
            entry = {
                "grid": grid,
                "address": f"示例街{number % 90 + 1}号",
                "floor_area_m2": 61.25,
                "use": "rental",
                "district": grid[:6],
            }
            statement = Statement("DwellingRegistered", f"FW{number:06d}", dwelling, now, now, entry)
            publisher.publish("housing.dwelling-register", statement)
    with psycopg.connect(settings.dsn("sinks"), autocommit=True) as connection:

        def placed() -> int:
            answer = connection.execute("SELECT count(*) FROM city.placement WHERE grid IS NOT NULL").fetchone()
            return int(answer[0]) if answer else 0

        until(lambda: placed() >= len(dwellings), lambda: f"{placed()} of {len(dwellings)} dwellings are placed")


def let(publisher: Publisher, number: int, dwelling: str, *, withdrawn: bool = False) -> None:
    """State that the dwelling was let yesterday by lease `lease_of(number)`, or that this never held."""
    now = time.time_ns() // 1000
    landlord, tenant = _PEOPLE[number % 1_000], _PEOPLE[(number + 1) % 1_000]
    change = {"landlord": landlord, "tenants": [tenant], "start": now // DAY_US - 1}
    statement = Statement("Let", lease_of(number), dwelling, now, now, change, withdrawn)
    publisher.publish("housing.tenancy", statement)
    publisher.poll()


def lease_of(number: int) -> str:
    """The number of a lease, as in `city.alert.cause`."""
    return f"ZL{number:06d}"


def until(done: Callable[[], bool], lacking: Callable[[], str], patience: float = PATIENCE_S) -> None:
    """Return once `done()`. Ends the bench with what was lacking after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not done():
        if time.monotonic() > deadline:
            raise SystemExit(f"After {patience:.0f} s {lacking()}: look at the machine's load and at the logs.")
        time.sleep(0.1)


def _lives(child: Child) -> bool:
    return child.alive
