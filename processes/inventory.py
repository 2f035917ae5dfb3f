"""THE list of what runs: names, what each is, how it is started, what it stands on, where it answers.

The supervisor's programs, `citygrid status`, the ports of `/metrics` and what Prometheus scrapes are made from it.
"""

from __future__ import annotations

import gc
import re
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

from runtime.listening import refusal
from runtime.settings import CHECKOUT, Settings, load

Kind = Literal[
    "part",
    "stage",
    "records",
    "sink",
    "outbox",
    "mending",
    "push",
    "clock",
    "gateway",
    "devices",
    "sealer",
    "retention",
    "api",
]

# What `citygrid worker KIND [NAME]` runs: a module with `main()`, or `main(name)` where there are several of a kind.
WORKERS: dict[str, str] = {
    "stage": "stream_apps.worker",
    "records": "stream_apps.record_worker",
    "sink": "sinks.worker",
    "outbox": "producers.outbox.relay",
    "mending": "producers.mending.asked",
    "push": "processes.push",
    "clock": "processes.clock",
    "gateway": "producers.doors.gateway_process",
    "devices": "producers.doors.device_process",
    "sealer": "processes.look_sealer",
    "retention": "processes.retention",
    "api": "processes.api_server",
}
NAMED = ("stage", "sink")


@dataclass(frozen=True)
class Process:
    """One process of the running system. `plugin` is the view of a stage or the name of a sink."""

    name: str
    kind: Kind
    what: str
    needs: tuple[str, ...] = ()
    plugin: str | None = None

    @property
    def command(self) -> tuple[str, ...]:
        """How the supervisor starts it; the parts of the local stack are programs of their own (`stack/local.py`)."""
        return (sys.executable, "-m", "citygrid", "worker", self.kind, *((self.plugin,) if self.plugin else ()))

    def address(self, settings: Settings) -> str:
        """Where it answers: the pages for the API, the door for the gateway, else `/live`, `/ready` and `/metrics`."""
        return f"http://{settings.host}:{self.port(settings)}"

    def port(self, settings: Settings) -> int:
        """The port of `address`; whoever waits for the process to serve looks there."""
        own = {"api": settings.api_port, "gateway": settings.gateway_port}
        return own.get(self.kind) or settings.port_of(self.name)


PARTS = (
    Process("postgres", "part", "PostgreSQL: tasks, accounts, tables for the pages"),
    Process("kafka", "part", "Kafka: every event and row"),
    Process("registry", "part", "schema registry", needs=("postgres",)),
)


def workers() -> list[Process]:
    """Our own processes, in the order in which they start: those whose room is in this checkout."""
    listed = [
        *(_stage(view) for view in _plugins("domain/views", "VIEW")),
        Process("records", "records", "which subject each record is about", ("kafka", "registry")),
        *(_sink(sink.replace("_", "-")) for sink in _plugins("sinks/targets", "SINK")),
        Process("outbox", "outbox", "publishes what people did", ("kafka", "registry", "postgres")),
        Process("mending", "mending", "sends back dead letters that were asked for", ("kafka", "registry", "postgres")),
        Process("push", "push", "notifies tablets of calls for help", ("postgres",)),
        Process("clock", "clock", "tells the stages the time", ("kafka", "registry")),
        Process("gateway", "gateway", "departments' and devices' HTTP door", ("kafka", "registry", "postgres")),
        Process("devices", "devices", "devices' MQTT door", ("kafka", "registry", "postgres")),
        Process("sealer", "sealer", "chains who looked at whom by hash", ("postgres",)),
        Process("retention", "retention", "forgets what is too old", ("kafka", "registry", "postgres")),
        Process("api", "api", "pages and HTTP API", ("postgres",)),
    ]
    return [process for process in listed if (CHECKOUT / f"{WORKERS[process.kind].replace('.', '/')}.py").is_file()]


def all_processes() -> list[Process]:
    """The parts of the local stack, then our own processes."""
    return [*PARTS, *workers()]


def run_worker(kind: str, plugin: str | None) -> None:
    """Be the process of this kind until it is told to stop. Raises SystemExit with a sentence for an unknown name."""
    if kind not in WORKERS:
        raise SystemExit(f"There is no worker '{kind}': choose one of {', '.join(WORKERS)}.")
    if (kind in NAMED) != (plugin is not None):
        raise SystemExit(f"`citygrid worker {kind}` needs {'a name' if kind in NAMED else 'no name'}.")
    known = {process.plugin: process for process in workers() if process.kind == kind}
    if plugin not in known:
        raise SystemExit(
            f"There is no {kind} '{plugin or ''}' here; there are: {', '.join(map(str, known)) or 'none'}."
        )
    _require_port(known[plugin], load())
    gc.disable()  # modules stay: to look again and again for what of them could go took a tenth of a start
    main = import_module(WORKERS[kind]).main
    gc.freeze()
    gc.enable()
    raise SystemExit(main(plugin) if plugin else main())


def _require_port(process: Process, settings: Settings) -> None:
    """Raise SystemExit if somebody else answers where the process is to answer: at its start it can say so in a
    sentence."""
    port = process.port(settings)
    if settings.worker_instance or not port:
        return  # it is given a free one
    refused = refusal(settings.host, port)
    if refused:
        own = {"api": "CITYGRID_API_PORT", "gateway": "CITYGRID_GATEWAY_PORT"}
        moved_by = own.get(process.kind, f'CITYGRID_WORKER_PORTS, such as {{"{process.name}": 12345}}')
        raise SystemExit(
            f"{process.name} cannot answer on {settings.host}, port {port}: {refused}. End what listens there "
            f"(`ss -ltnp` names it), or give it another port with {moved_by}."
        )


def assign_ports(names: list[str], known: dict[str, int], first: int, taken: set[int]) -> dict[str, int]:
    """A port for each process: those that have one keep it, others get the next above `first` that nobody has."""
    ports = {name: known[name] for name in names if name in known}
    candidate = first
    for name in names:
        if name not in ports:
            while candidate in taken or candidate in ports.values():
                candidate += 1
            ports[name] = candidate
    return ports


def _stage(view: str) -> Process:
    """A view may have an underscore, its process has none: in containers it is a host's name."""
    what = f"statements → rows of {view.replace('_', ' ')}"
    return Process(f"stage-{view.replace('_', '-')}", "stage", what, ("kafka", "registry"), view)


def _sink(sink: str) -> Process:
    return Process(f"sink-{sink}", "sink", f"topics → {sink.replace('-', ' ')}", ("kafka", "postgres"), sink)


def _plugins(folder: str, constant: str) -> list[str]:
    """The files of a plug-in folder that export `constant`, without their ending: a view has its file's name, a sink
    too, with `-` for `_`.

    Read, not imported, so that `citygrid` starts at once; `runtime/discover.py` checks them when they are used.
    """
    exports = re.compile(rf"^{constant}\b\s*[:=]", re.MULTILINE)
    return sorted(file.stem for file in Path(CHECKOUT / folder).glob("*.py") if exports.search(file.read_text("utf-8")))
