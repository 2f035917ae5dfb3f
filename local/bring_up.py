"""What `citygrid up` does, in order: the parts, the steps that make them a citygrid, our own processes, the demo city.

A step is one file in `local/steps/` with `run(settings) -> str | list[str]`: it may be run again at any time and
returns what it did in half a sentence, or lines to show once at the end. `BEFORE_WORKERS` and `AFTER_WORKERS` give
their order.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

from local.stack import downloads
from local.stack.children import PartFailed, Program, log_tail
from local.stack.local import PARTS, PATIENCE_SECONDS, TITLES, LocalStack, PartName, Ports
from local.stack.ports import answers, is_taken
from local.supervision import Supervisor
from processes.inventory import Process, all_processes, assign_ports, workers
from processes.logins import as_prepare
from runtime.settings import CHECKOUT, Settings, load

BEFORE_WORKERS = ("migrations", "logins", "topics", "schemas", "accounts", "push_key", "observe")
AFTER_WORKERS = ("parked", "demo_city")
WORKER_PATIENCE_SECONDS = 180  # fourteen processes start at once, also where two cores have other work

Report = Callable[[str], None]
"""Called with what is being done now, in half a sentence."""

Bar = Callable[[str, int], AbstractContextManager[downloads.Progress]]
"""Opens a progress bar: title, bytes in all."""


@dataclass
class BringUp:
    """One `citygrid up` over one state folder."""

    settings: Settings
    report: Report
    bar: Bar

    def __post_init__(self) -> None:
        self.stack = stack_of(self.settings)
        self.supervisor = Supervisor(self.settings.state_dir)
        #: What the steps want shown once, at the end.
        self.to_show: list[str] = []

    def download(self) -> None:
        """Fetch what this user does not have yet, with a bar for each part. Raises DownloadFailed."""
        for part, title in (("kafka", "Kafka"), ("registry", "schema registry")):
            files = downloads.pinned(part)
            if lacking := downloads.missing(files, self.stack.cache):
                with self.bar(title, sum(file.size for file in lacking)) as progress:
                    downloads.fetch(files, self.stack.cache, progress)

    def run(self, *, detached: bool, parts_only: bool = False) -> Settings:
        """Bring everything up, or Kafka, registry and PostgreSQL only; returns the settings that all processes have.

        Raises PartFailed, DownloadFailed, SupervisionFailed, and what a step raises; the caller stops what runs.
        """
        self.download()
        settings = self._write_settings()
        self.report("preparing the storage of each part")
        programs = [self.stack.program(name) for name in PARTS]
        ours = [] if parts_only else self._worker_programs()
        self.supervisor.start([*programs, *ours], detached=detached)
        self._start_parts()
        if not parts_only:
            self._start_workers(settings)
        return settings

    def _start_workers(self, settings: Settings) -> None:
        self._steps(BEFORE_WORKERS, as_prepare(settings))
        self._start(workers(), settings)
        self._steps(AFTER_WORKERS, settings)

    def restart(self, processes: Sequence[Process]) -> None:
        """Stop these of our processes side by side and start them anew, with the code as it is now; returns once they
        serve. Raises PartFailed, SupervisionFailed."""
        self.report(f"stopping {', '.join(process.name for process in processes)}")
        self.supervisor.stop_programs([process.name for process in processes])
        self._start(processes, self.settings)

    def _start(self, processes: Sequence[Process], settings: Settings) -> None:
        for process in processes:
            self.supervisor.start_program(process.name)
        for process in processes:
            self.report(f"starting {process.name}")
            self._wait(process.name, process.name, partial(answers, process.port(settings)), WORKER_PATIENCE_SECONDS)

    def _start_parts(self) -> None:
        """Kafka starts beside PostgreSQL; the registry as soon as its database is there."""
        self.report("starting PostgreSQL, Kafka and the schema registry")
        for name in ("postgres", "kafka"):
            self.supervisor.start_program(name)
        self._wait_part("postgres")
        self.supervisor.start_program("registry")
        self._wait_part("kafka")
        self._wait_part("registry")

    def _wait_part(self, name: PartName) -> None:
        self._wait(name, TITLES[name], partial(self.stack.is_ready, name), PATIENCE_SECONDS)
        self.stack.after_start(name)

    def _write_settings(self) -> Settings:
        """The settings file that every process reads; a process keeps its port from one run to the next."""
        names = [worker.name for worker in workers() if worker.kind != "api"]
        candidates = range(self.settings.worker_port, self.settings.worker_port + 4 * len(names))
        ports = assign_ports(
            names,
            {name: port for name, port in self.settings.worker_ports.items() if not is_taken(port)},
            self.settings.worker_port,
            {port for port in candidates if is_taken(port)} | {self.settings.api_port, self.settings.gateway_port},
        )
        listed = "{" + ", ".join(f'"{name}": {port}' for name, port in ports.items()) + "}"
        more = {"CITYGRID_WORKER_PORTS": listed, "CITYGRID_API_PORT": str(self.settings.api_port)}
        more["CITYGRID_GATEWAY_PORT"] = str(self.settings.gateway_port)
        own = self.settings.state_dir / "demo" / "base-map.pmtiles"
        if self.settings.mode == "demo" and self.settings.base_map in (None, own):
            from demo.base_map import base_map
            from demo.play import SEED

            more["CITYGRID_BASE_MAP"] = str(base_map(own, SEED))
        return load(self.stack.write_environment(more))

    def _worker_programs(self) -> list[Program]:
        environment = {"CITYGRID_ENV_FILE": str(self.stack.env_file), "PYTHONUNBUFFERED": "1"}
        return [
            Program(
                worker.name,
                worker.command,
                CHECKOUT,
                self.stack.log(worker.name),
                {**environment, **self.stack.login_of(worker.name)},
            )
            for worker in workers()
        ]

    def _steps(self, names: tuple[str, ...], settings: Settings) -> None:
        for name in names:
            if (Path(__file__).parent / "steps" / f"{name}.py").is_file():
                self.report(name.replace("_", " "))
                lines: str | list[str] = import_module(f"local.steps.{name}").run(settings)
                if isinstance(lines, str):
                    self.report(lines)
                else:
                    self.to_show += lines

    def _wait(self, name: str, title: str, ready: Callable[[], bool], patience: float) -> None:
        """Return once `ready()`. Raises PartFailed if the process keeps dying or `patience` seconds pass first."""
        deadline = time.monotonic() + patience
        while not ready():
            state = self.supervisor.states().get(name)
            if state is None or state.state in {"BACKOFF", "FATAL", "EXITED"}:
                raise PartFailed(f"{title} died while it started.{log_tail(self.stack.log(name))}")
            if time.monotonic() > deadline:
                raise PartFailed(f"{title} was not ready after {patience:.0f} s.{log_tail(self.stack.log(name))}")
            time.sleep(0.1)


def stack_of(settings: Settings) -> LocalStack:
    """The parts of the state folder that the settings name."""
    cache = downloads.folder(settings.downloads_dir)
    return LocalStack(settings.state_dir, Ports.of(settings), cache, logins=settings.local_logins)


@dataclass(frozen=True)
class Line:
    """A line of the table of `citygrid up` and `citygrid status`."""

    process: str
    what: str
    state: str
    address: str
    log: str
    trouble: str


def table(settings: Settings) -> list[Line]:
    """What runs, its state, its address, its log; every process of the list, running or not."""
    stack = stack_of(settings)
    states = Supervisor(settings.state_dir).states()
    parts: dict[str, str] = {part: stack.address(part) for part in PARTS}
    lines = []
    for process in all_processes():
        state = states.get(process.name)
        address = parts.get(process.name) or process.address(settings)
        trouble = f"{process.name} died and is being started again" if state and state.state == "BACKOFF" else ""
        trouble = f"{process.name} keeps dying: read its log" if state and state.state == "FATAL" else trouble
        log = str(stack.log(process.name))
        lines.append(
            Line(process.name, process.what, state.state.lower() if state else "stopped", address, log, trouble)
        )
    return lines
