"""The API with its pages over a crowded city and nothing else, and an open alert of it: what benches of the read side
stand on (`streams.py`, `page.py`)."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import crowded
from database.migrate import migrate
from local.stack import children, downloads, postgres
from local.stack.children import Child, Program
from local.stack.local import LocalStack, Ports, stop
from local.stack.ports import free_ports
from processes.inventory import workers
from runtime.settings import CHECKOUT

READY_S = 60.0


@dataclass(frozen=True)
class Served:
    """The stack with PostgreSQL alone, the API's port, and both processes."""

    stack: LocalStack
    port: int
    postgres: Child
    api: Child

    @property
    def superuser(self) -> str:
        return self.stack.dsn(postgres.SUPERUSER)


@contextmanager
def served(folder: Path, history: int, **settings: str) -> Iterator[Served]:
    """In `folder`, ready, with so many tasks of history; it ends with the block. `settings`: by their names."""
    stack = LocalStack(folder, Ports.free(), downloads.folder(None))
    parts = stack.start(("postgres",))
    try:
        (port,) = free_ports(1)
        given = {"api_port": str(port), "api_metrics_port": "0", **settings}
        stack.write_environment({f"CITYGRID_{name.upper()}": value for name, value in given.items()})
        migrate(stack.dsn("citygrid_owner"))
        crowded.fill(stack.dsn(postgres.SUPERUSER), tasks=history)
        api = next(worker for worker in workers() if worker.kind == "api")
        program = Program("api", api.command, CHECKOUT, stack.log("api"), {"CITYGRID_ENV_FILE": str(stack.env_file)})
        running = children.start(program)
        try:
            children.wait_until("api", lambda: _answers(port), lambda: running.alive, program.log, READY_S)
            yield Served(stack, port, parts["postgres"], running)
        finally:
            running.stop()
    finally:
        stop(parts)


def newly_let(door: str, **other: Any) -> dict[str, Any]:
    """An open alert about a door as the sink takes it; `other`: what of it is to be otherwise, its finding among it."""
    now = datetime.now(UTC)
    return {
        "rule": "newly-let",
        "rule_version": 1,
        "domain": "housing",
        "state": "opened",
        "view": "dwelling",
        "subject": door,
        "cause": "lease-1",
        "severity": "today",
        "because": "[]",
        "dwelling": door,
        "household": None,
        "opened_at": now,
        "at": now,
        "respond_within": 72 * 60,
        "respond_unit": "minute",
        "resolution_zh": None,
        "resolution_en": None,
        "version": 1,
        "unknown": False,
        **other,
    }


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
