"""What runs and how far readers are, asked of the processes themselves: the list is Prometheus' own, so that page and
dashboards speak of the same, and the page works where nobody runs Prometheus.

Each process is asked whether it is ready; the clock's also for the lag, which it asks of Kafka (runtime/reader_lag.py).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import structlog
from prometheus_client.parser import text_string_to_metric_families

from api.operations import Operation, ReaderLag, Running
from processes.observe import targets
from runtime.settings import Settings, SettingsRefused

log = structlog.get_logger("citygrid.operations")

PATIENCE_S = 3.0
KEPT_S = 3.0
"""For so long one answer is everybody's: however many look, a process is asked once."""
LONGEST_WHY = 200
LAG, ASKED = "citygrid_reader_lag_records", "citygrid_readers_asked_timestamp_seconds"
HERE = "api"


class WatchedProcesses:
    """Asks every process of the list, all at once. Raises SettingsRefused if the list cannot be read."""

    def __init__(self, settings: Settings) -> None:
        self._targets = _listed(settings)
        self._turn = asyncio.Lock()
        self._known: tuple[float, Operation] | None = None

    async def now(self) -> Operation:
        """What runs, at most `KEPT_S` old; within `PATIENCE_S`."""
        async with self._turn:
            if self._known is None or time.monotonic() - self._known[0] > KEPT_S:
                self._known = (time.monotonic(), await self._ask())
            return self._known[1]

    async def _ask(self) -> Operation:
        async with httpx.AsyncClient(timeout=PATIENCE_S, trust_env=False) as client:
            running = await asyncio.gather(*(_state(client, *target) for target in self._targets))
            readers, at = await _readers(client, [address for address, _, kind in self._targets if kind == "clock"])
        return Operation(asked_at=datetime.now(UTC), processes=running, readers=readers, readers_at=at)


Target = tuple[str, str, str]
"""host:port, the process' name, its kind."""


def _listed(settings: Settings) -> list[Target]:
    file = settings.targets_file
    listed = _read(file) if file else targets(settings)
    return [(target["targets"][0], target["labels"]["process"], target["labels"]["kind"]) for target in listed]


def _read(file: Path) -> list[dict[str, Any]]:
    try:
        listed: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as wrong:
        raise SettingsRefused(
            f"CITYGRID_TARGETS_FILE ({file}) cannot be read ({type(wrong).__name__}): it is the list that "
            "Prometheus reads, as infra/prometheus/targets/compose.json."
        ) from None
    return listed


async def _state(client: httpx.AsyncClient, address: str, name: str, kind: str) -> Running:
    if kind == HERE:  # it is who answers
        return Running(name=name, kind=kind, state="ready", why=None)
    try:
        answer = await client.get(f"http://{address}/ready")
    except httpx.HTTPError:
        return Running(name=name, kind=kind, state="away", why=None)
    ready = answer.status_code == httpx.codes.OK
    return Running(
        name=name, kind=kind, state="ready" if ready else "waiting", why=None if ready else answer.text[:LONGEST_WHY]
    )


async def _readers(client: httpx.AsyncClient, clocks: Iterable[str]) -> tuple[list[ReaderLag] | None, datetime | None]:
    for address in clocks:
        try:
            answer = (await client.get(f"http://{address}/metrics")).raise_for_status()
        except httpx.HTTPError as away:
            log.info("clock_not_asked", reason=type(away).__name__)
            continue
        return readers_of(answer.text)
    return None, None


def readers_of(metrics: str) -> tuple[list[ReaderLag] | None, datetime | None]:
    """How far each reader is, of the clock's metrics; None: it has not asked Kafka yet."""
    lags: dict[str, dict[str, float]] = {}
    at = 0.0
    for family in text_string_to_metric_families(metrics):
        if family.name == ASKED:
            at = max((sample.value for sample in family.samples), default=0.0)
        elif family.name == LAG:
            for sample in family.samples:
                topics = lags.setdefault(sample.labels["reader"], {})
                topics[sample.labels["topic"]] = topics.get(sample.labels["topic"], 0) + sample.value
    if not at:
        return None, None
    readers = [_lag(reader, topics) for reader, topics in lags.items()]
    return sorted(readers, key=lambda one: (-one.records, one.reader)), datetime.fromtimestamp(at, UTC)


def _lag(reader: str, topics: Mapping[str, float]) -> ReaderLag:
    worst = max(topics, key=lambda topic: topics[topic])
    return ReaderLag(reader=reader, records=int(sum(topics.values())), topic=worst if topics[worst] else None)
