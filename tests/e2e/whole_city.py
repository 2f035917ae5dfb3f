"""Every process of the product at work on a stack, with Prometheus watching, as an operator runs it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

import httpx
import psycopg

from local.stack.children import Child, Program, start
from local.stack.ports import free_ports
from processes import observe
from processes.inventory import workers
from runtime.settings import CHECKOUT, Settings
from tests.e2e.conftest import square
from tests.e2e.running import Processes, environment, processes, until
from wire.topics import ensure_schemas, ensure_topics

PASSWORD = "a long enough pass phrase"


@dataclass(frozen=True)
class City:
    """The product's processes at work, and Prometheus scraping them."""

    settings: Settings
    ours: Processes
    folder: Path
    url: str
    gateway: str
    prometheus: str

    def query(self, expression: str) -> float:
        """An instant query; the sum of its samples, 0 if there are none."""
        address = f"{self.prometheus}/api/v1/query"
        reply = httpx.get(address, params={"query": expression}, timeout=10).raise_for_status()
        return sum(float(sample["value"][1]) for sample in reply.json()["data"]["result"])

    def select(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.settings.dsn("admin")) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def wait_for(self, what: str, statement: str, *values: Any, seconds: float = 60) -> list[tuple[Any, ...]]:
        """The rows of `statement` as soon as there are some."""
        until(lambda: None if self.select(statement, *values) else f"there is no {what}", seconds)
        return self.select(statement, *values)

    def wait_until_gone(self, what: str, statement: str, *values: Any, seconds: float = 60) -> None:
        """Return once `statement` has no rows."""
        until(lambda: f"{what} still there" if self.select(statement, *values) else None, seconds)

    def citygrid(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command as an operator types it."""
        nothing = self.settings.state_dir / "empty.env"
        nothing.touch()
        variables = environment(self.settings) | {
            "CITYGRID_ENV_FILE": str(nothing),
            "PATH": "/usr/bin:/bin",
            "HOME": "/tmp",
        }
        command = [sys.executable, "-m", "citygrid", *words]
        return subprocess.run(
            command, cwd=CHECKOUT, env=variables, capture_output=True, text=True, timeout=180, check=False
        )

    def publish(self, department: str, export: str, lines: Iterable[dict[str, str]]) -> None:
        """An export file of the department, as its office writes it, published as its operator does."""
        path = write_csv(self.folder / f"{export}.csv", list(lines))
        done = self.citygrid("publish", department, str(path), "--wait", "0")
        assert done.returncode == 0, done.stdout + done.stderr

    def draw(self, grid: str, name_zh: str, name_en: str, lon: float = 113.36, lat: float = 22.94) -> None:
        """An area on the map."""
        with psycopg.connect(self.settings.dsn("sinks")) as sinks:
            sinks.execute(
                "INSERT INTO city.grid_area (grid, name_zh, name_en, geometry) VALUES (%s, %s, %s, %s::jsonb)",
                (grid, name_zh, name_en, json.dumps(square(lon, lat, 0.01))),
            )


def write_csv(path: Path, lines: list[dict[str, str]]) -> Path:
    """In GB18030, as offices do."""
    columns = list(dict.fromkeys(name for line in lines for name in line))
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=columns)
        writer.writeheader()
        writer.writerows(lines)
    return path


@contextmanager
def whole_city(settings: Settings, folder: Path) -> Iterator[City]:
    """Every process of `citygrid status`, ready, and a Prometheus that scrapes them."""
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    known = [process for process in workers() if process.kind != "devices"]  # they need an MQTT broker
    *ports, api, api_metrics, gateway, prometheus = free_ports(len(known) + 4)
    settings = settings.model_copy(
        update={
            "worker_ports": dict(zip([process.name for process in known], ports, strict=True)),
            "api_port": api,
            "api_metrics_port": api_metrics,
            "gateway_port": gateway,
        }
    )
    ensure_topics(settings)
    ensure_schemas(settings)
    with processes(settings, folder) as ours:
        for process in known:
            ours.start(process.kind, process.plugin)
        url = f"http://127.0.0.1:{api}"
        until(lambda: _not_ready(url, settings), 180)
        watching = _prometheus(settings, folder, prometheus)
        try:
            base_url = f"http://127.0.0.1:{prometheus}"
            yield City(settings, ours, folder, url, f"http://127.0.0.1:{gateway}", base_url)
        finally:
            watching.stop()


def screenshots() -> Path:
    """Where pictures for a person to look at go; not kept in the repository."""
    folder = CHECKOUT / "tests" / "e2e" / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder


def _not_ready(url: str, settings: Settings) -> str | None:
    for name, port in settings.worker_ports.items():
        address = url + "/api/v1/health/ready" if name == "api" else f"http://127.0.0.1:{port}/ready"
        try:
            reply = httpx.get(address, timeout=5)
        except httpx.TransportError:
            return f"{name} does not answer yet"
        if reply.status_code != 200:
            return f"{name} is not ready: {reply.text[:200]}"
    return None


def _prometheus(settings: Settings, folder: Path, port: int) -> Child:
    """The real server with the product's own configuration and rules, scraping every second."""
    configuration = observe.write_local(settings)
    configuration.write_text(configuration.read_text().replace("scrape_interval: 5s", "scrape_interval: 1s"))
    prometheus = which("prometheus")
    assert prometheus is not None, "prometheus is not installed: apt-get install prometheus"
    server = start(
        Program(
            name="prometheus",
            command=(
                prometheus,
                f"--config.file={configuration}",
                f"--web.listen-address=127.0.0.1:{port}",
                f"--storage.tsdb.path={folder / 'prometheus-data'}",
            ),
            folder=folder,
            log=folder / "prometheus.log",
            environment={},
        )
    )
    until(lambda: None if _answers(f"http://127.0.0.1:{port}/-/ready") else "prometheus is not ready", 30)
    return server


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.TransportError:
        return False
