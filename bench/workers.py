"""200 grid workers at work beside 500 live streams: `python -m bench.workers`.

The whole product on one machine. Tenancies are published through the departments' door; each is a task in one grid, and
its worker's tablet hears of it on its stream, acknowledges it and completes it, each move sent twice now and then as a
tablet does on a bad network. Beside them 500 desks of grids, streets, districts and the city listen. At the end
PostgreSQL is asked: is each task done, once, and did nobody hear of another's area? `bench/latest_workers.json` has the
last run.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import tempfile
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Annotated, Any

import httpx
import psutil
import psycopg
import typer
from rich.console import Console

from bench.crowded import account
from bench.product import Product, let, product, register
from producers.publish import Publisher
from runtime.settings import CHECKOUT

LATEST = CHECKOUT / "bench" / "latest_workers.json"
READY_S, PATIENCE_S = 60.0, 120.0
AGAIN = 0.1
"""A share of the moves is sent twice."""
WARM_S = 10
GRID = re.compile(rb'"(?:grid|queue)":"(\d{15})"')
EVENT = re.compile(rb"event: (\w+)\r?\n(?:id: \d+\r?\n)?data: (.*)\r?\n")
UNDONE = "SELECT count(*) FROM city.task WHERE state <> 'completed'"
TWICE = """
SELECT count(*) FROM (SELECT 1 FROM city.task_event WHERE move IN ('acknowledge', 'complete')
    GROUP BY task, move HAVING count(*) > 1) twice
"""
OBSERVED = "SELECT count(*), count(DISTINCT statement ->> 'record') FROM city.outbox WHERE topic = 'grid.observation'"
out = Console(soft_wrap=True)


@dataclass
class Listener:
    """One open stream: how much came on it, and what was not of its area."""

    scope: str
    token: str
    events: int = 0
    elsewhere: int = 0
    ended: str | None = None
    heard: asyncio.Queue[tuple[str, float]] | None = None
    """Of a worker: the number of a task that is to be done, and when it was heard."""

    async def listen(self, port: int, opened: asyncio.Event) -> None:
        """Read until the task is cancelled; HTTP by hand, for parsing it would take the processor from the product."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
            writer.write(
                f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n"
                f"Cookie: citygrid_session={self.token}\r\n\r\n".encode()
            )
            rest = b""
            while taken := await reader.read(1 << 16):
                now = time.perf_counter()
                whole, _, rest = (rest + taken).rpartition(b"\n")
                for kind, data in EVENT.findall(whole + b"\n"):
                    if kind == b"ready":
                        opened.set()
                    elif kind in {b"alert", b"task"}:
                        self._took(kind, data, now)
            self.ended = "the server closed it"
        except OSError as error:
            self.ended = type(error).__name__
        opened.set()

    def _took(self, kind: bytes, data: bytes, now: float) -> None:
        self.events += 1
        self.elsewhere += sum(not grid.decode().startswith(self.scope) for grid in GRID.findall(data))
        if self.heard is not None and kind == b"task":
            task = json.loads(data)
            if task.get("state") == "dispatched":
                self.heard.put_nowait((f"{task['dwelling']} {task['id']}", now))


@dataclass
class Done:
    """What the workers did and what they were told."""

    heard: dict[str, float] = field(default_factory=dict)
    moves_s: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)


async def work(listener: Listener, client: httpx.AsyncClient, done: Done) -> None:
    """Acknowledge and complete each task that comes, until cancelled."""
    assert listener.heard is not None
    while True:
        name, at = await listener.heard.get()
        dwelling, task = name.split()
        if dwelling in done.heard:
            continue
        done.heard[dwelling] = at
        await asyncio.sleep(random.uniform(0, 1))
        note = {"outcome": "done", "note": "已核实"}
        for move, body in (("acknowledge", {}), ("complete", note)):
            key = {"Idempotency-Key": str(uuid.uuid4()), "Cookie": f"citygrid_session={listener.token}"}
            for _ in range(2 if random.random() < AGAIN else 1):
                began = time.perf_counter()
                answer = await client.post(f"/api/v1/tasks/{task}/{move}", json=body, headers=key)
                done.moves_s.append(time.perf_counter() - began)
                done.answers[answer.status_code] += 1


def scopes(grids: list[str], streams: int) -> list[str]:
    """Of the streams beside: desks of grids as far as they go, 40 of streets, 15 of the district, 5 of the city."""
    streets = sorted({grid[:9] for grid in grids})
    desks = [*(streets[number % len(streets)] for number in range(40)), *["440113"] * 15, *[""] * 5]
    return [*(grids[number % len(grids)] for number in range(max(0, streams - len(desks)))), *desks][:streams]


def main(
    seconds: Annotated[int, typer.Option(help="of events")] = 300,
    rate: Annotated[int, typer.Option(help="tasks a second, over all workers")] = 20,
    workers: Annotated[int, typer.Option(help="grid workers, one a grid")] = 200,
    streams: Annotated[int, typer.Option(help="live streams beside the workers' own")] = 500,
) -> None:
    """Time publish → tablet while 200 workers act. Takes `--seconds` and three minutes more; needs a quiet machine."""
    load_before = psutil.getloadavg()[0]
    grids = [f"440113{1 + n % 10:03d}{1 + n // 10 % 3:03d}{1 + n // 30:03d}" for n in range(workers)]
    dwellings = [f"BENCH{number:06d}" for number in range(rate * (seconds + WARM_S))]
    limit = str(workers + streams + 50)
    with (
        tempfile.TemporaryDirectory(prefix="citygrid-workers-") as scratch,
        # requests of one address: in a city each tablet has its own
        product(Path(scratch), stream_limit=limit, api_requests_per_second="1000") as running,
    ):
        register(running.settings, dwellings, lambda number: grids[number % workers])
        with psycopg.connect(running.settings.dsn("admin")) as admin:
            tablets = [
                Listener(grid, account(admin, f"worker-{n}", "grid_worker", grid)[1], heard=asyncio.Queue())
                for n, grid in enumerate(grids)
            ]
            desks = [
                Listener(scope, account(admin, f"desk-{n}", "command_centre", scope)[1])
                for n, scope in enumerate(scopes(grids, streams))
            ]
        result = asyncio.run(_run(running, tablets, desks, dwellings, rate))
        with psycopg.connect(running.settings.dsn("admin")) as admin:
            ((result["not_done"],),) = admin.execute(UNDONE).fetchall()
            ((result["done_twice"],),) = admin.execute(TWICE).fetchall()
            ((said, different),) = admin.execute(OBSERVED).fetchall()
            result |= {"observations": said, "observations_twice": said - different}
    kept = {
        "day": time.strftime("%Y-%m-%d"), "cores": psutil.cpu_count(), "load_before": round(load_before, 1),
        "workers": workers, "streams": streams, "tasks_per_s": rate, "seconds": seconds, **result,
    }  # fmt: skip
    LATEST.write_text(json.dumps(kept, indent=1) + "\n")
    out.print(json.dumps(kept))


async def _run(
    running: Product, tablets: list[Listener], desks: list[Listener], dwellings: list[str], rate: int
) -> dict[str, Any]:
    port = running.settings.worker_ports["api"]
    done, listening = Done(), []
    for listener in (*tablets, *desks):
        opened = asyncio.Event()
        listening.append(asyncio.create_task(listener.listen(port, opened)))
        await asyncio.wait_for(opened.wait(), READY_S)
    if ended := [one for one in (*tablets, *desks) if one.ended]:
        raise SystemExit(f"{len(ended)} streams did not open: {ended[0].ended}")
    cpu = {name: _cpu(running, name) for name in running.running}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        working = [asyncio.create_task(work(one, client, done)) for one in tablets]
        began = time.perf_counter()
        published = await asyncio.to_thread(_publish, running, dwellings, rate)
        deadline = time.perf_counter() + PATIENCE_S
        while sum(done.answers.values()) < 2 * len(dwellings) or len(done.heard) < len(dwellings):
            if time.perf_counter() > deadline:
                break  # what is missing is counted below
            await asyncio.sleep(0.5)
        await asyncio.sleep(3)  # moves that are sent twice, and what follows on the streams
        took = time.perf_counter() - began
        troubles = [repr(one.exception()) for one in (*working, *listening) if one.done() and one.exception()]
        for task in (*working, *listening):
            task.cancel()
        await asyncio.gather(*working, *listening, return_exceptions=True)
    late = sorted(done.heard[one] - published[one] for one in dwellings[rate * WARM_S :] if one in done.heard)
    moves = sorted(done.moves_s)
    return {
        "tasks": len(dwellings),
        "lost": len(dwellings) - len(done.heard),
        **_percentiles("publish_to_tablet", late),
        **_percentiles("move", moves),
        "answers": {str(status): number for status, number in sorted(done.answers.items())},
        "events_on_streams": sum(one.events for one in (*tablets, *desks)),
        "of_another_area": sum(one.elsewhere for one in (*tablets, *desks)),
        "streams_ended": sum(one.ended is not None for one in (*tablets, *desks)),
        "troubles": troubles[:3],
        "cores_used": {name: round((_cpu(running, name) - before) / took, 2) for name, before in cpu.items() if took},
    }


def _percentiles(name: str, seconds: list[float]) -> dict[str, float]:
    cuts = quantiles(seconds, n=100)
    return {f"{name}_p{part}_ms": round(cuts[part - 1] * 1000, 1) for part in (50, 90, 99)} | {
        f"{name}_max_ms": round(seconds[-1] * 1000, 1)
    }


def _publish(running: Product, dwellings: list[str], rate: int) -> dict[str, float]:
    published = {}
    with Publisher(running.settings) as publisher:
        began = time.perf_counter()
        for number, dwelling in enumerate(dwellings):
            if (early := began + number / rate - time.perf_counter()) > 0:
                time.sleep(early)
            published[dwelling] = time.perf_counter()
            let(publisher, number, dwelling)
            if number % (rate * 10) == 0:
                out.print(f"{time.perf_counter() - began:.0f} s: {number} tenancies published")
    return published


def _cpu(running: Product, name: str) -> float:
    """Processor seconds of a process and its children so far."""
    process = psutil.Process(running.running[name].process.pid)
    return sum(sum(one.cpu_times()[:2]) for one in (process, *process.children(recursive=True)))


if __name__ == "__main__":
    typer.run(main)
