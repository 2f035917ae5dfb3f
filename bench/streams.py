"""500 live streams at 200 events a second: `python -m bench.streams`.

One API process, PostgreSQL with a crowded city, and streams of 440 grids, 40 streets, 15 districts' desks and 5 of the
whole city. A process beside them (`bench/stream_events.py`) changes alerts as the sink does, over all the grids that
have a stream; its processor time is counted apart. Each change says when it began, so each stream knows how late it
comes. `bench/latest_streams.json` has the last run.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Annotated, Any

import psutil
import psycopg
import typer
from rich.console import Console

from bench import crowded
from bench.served import READY_S, served
from bench.stream_events import BEGAN
from local.stack.local import LocalStack
from runtime.settings import CHECKOUT

LATEST = CHECKOUT / "bench" / "latest_streams.json"
STREETS, DESKS, CENTRES = 40, 15, 5
EVERY_S = 10.0
SETTLE_S = 5.0
ALERT = re.compile(rb'"why_en":"' + BEGAN.encode() + rb' (\d+)"')
LONGEST = 4_096
"""Bytes of an alert on the wire, at most, before its time."""
out = Console(soft_wrap=True)


@dataclass
class Stream:
    """One open stream: what came on it. `ended`: why it ended before it was told to."""

    scope: str
    late_ms: list[float] = field(default_factory=list)
    ended: str | None = None
    behind: int = 0


async def follow(stream: Stream, port: int, token: str, opened: asyncio.Event) -> None:
    """Read the stream until the task is cancelled. HTTP by hand: parsing it would take the processor from the API."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        writer.write(
            f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n"
            f"Cookie: citygrid_session={token}\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            stream.ended = head.split(b"\r\n", 1)[0].decode()
            opened.set()
            return
        rest = b""
        while taken := await reader.read(1 << 18):
            now = time.monotonic_ns()
            text = rest + taken
            last = 0
            for found in ALERT.finditer(text):
                stream.late_ms.append((now - int(found[1])) / 1e6)
                last = found.end()
            if b"event: ready" in text:
                opened.set()
            stream.behind += text.count(b"event: behind", len(rest))
            rest = text[max(last, len(text) - LONGEST) :]
        stream.ended = "the server closed it"
    except (OSError, asyncio.IncompleteReadError) as error:
        stream.ended = type(error).__name__
    opened.set()


@dataclass
class Used:
    """Processor seconds of one part, every `EVERY_S`; `alone`: without the processes that it started."""

    process: psutil.Process
    alone: bool = False
    spent: list[float] = field(default_factory=list)
    before: float = 0.0

    def look(self) -> None:
        now = 0.0
        for one in (self.process, *([] if self.alone else self.process.children(recursive=True))):
            try:
                times = one.cpu_times()
                now += times.user + times.system
            except psutil.NoSuchProcess:
                continue
        self.spent.append(max(0.0, now - self.before))
        self.before = now


def scopes(grids: list[str]) -> list[str]:
    """The scope of each stream."""
    streets = sorted({grid[:9] for grid in grids})
    return [*grids, *streets[:STREETS], *(crowded.DISTRICTS * 2)[:DESKS], *[""] * CENTRES]


def main(
    seconds: Annotated[int, typer.Option(help="of events")] = 600,
    rate: Annotated[int, typer.Option(help="events a second")] = 200,
    streams: Annotated[int, typer.Option(help="of grids")] = 440,
    history: Annotated[int, typer.Option(help="tasks of history in the city")] = 200_000,
) -> None:
    """Time event → stream. Takes `--seconds` and about a minute more; needs a quiet machine."""
    load_before = psutil.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory(prefix="citygrid-streams-") as scratch,
        # requests of one address: in a city each desk has its own
        served(Path(scratch), history, api_requests_per_second="1000") as running,
    ):
        with psycopg.connect(running.superuser) as admin:
            grids = [
                row[0]
                for row in admin.execute(
                    "SELECT grid FROM city.grid_area WHERE length(grid) = 15 ORDER BY md5(grid) LIMIT %s", (streams,)
                )
            ]
            accounts = [
                (scope, crowded.account(admin, f"stream-{number}", "command_centre", scope)[1])
                for number, scope in enumerate(scopes(grids))
            ]
        used = {
            "api": Used(psutil.Process(running.api.process.pid)),
            "postgres": Used(psutil.Process(running.postgres.process.pid)),
            "streams": Used(psutil.Process(), alone=True),
        }
        result = asyncio.run(_run(running.stack, running.port, accounts, grids, rate, seconds, used))
    kept = {
        "day": time.strftime("%Y-%m-%d"), "cores": psutil.cpu_count(), "load_before": round(load_before, 1), **result,
    }  # fmt: skip
    LATEST.write_text(json.dumps(kept, indent=1) + "\n")
    out.print(json.dumps(kept))


async def _run(
    stack: LocalStack,
    port: int,
    accounts: list[tuple[str, str]],
    grids: list[str],
    rate: int,
    seconds: int,
    used: dict[str, Used],
) -> dict[str, Any]:
    streams, followers = [], []
    for scope, token in accounts:
        stream, opened = Stream(scope), asyncio.Event()
        followers.append(asyncio.create_task(follow(stream, port, token, opened)))
        streams.append(stream)
        await asyncio.wait_for(opened.wait(), READY_S)
    if ended := [stream for stream in streams if stream.ended]:
        raise SystemExit(f"{len(ended)} streams of {len(streams)} did not open: {ended[0].ended}")
    await asyncio.sleep(SETTLE_S)
    given = [stack.dsn("citygrid_sinks"), str(rate), str(seconds)]
    command = [sys.executable, "-m", "bench.stream_events", *given]
    generator = await asyncio.create_subprocess_exec(
        *command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=1 << 20
    )
    assert generator.stdin is not None
    assert generator.stdout is not None
    generator.stdin.write(json.dumps(grids).encode() + b"\n")
    for one in used.values():
        one.look()
        one.spent.clear()
    began = time.monotonic()
    before = [0] * len(streams)
    while time.monotonic() - began < seconds:
        await asyncio.sleep(EVERY_S)
        if generator.returncode:
            raise SystemExit("The generator of events ended; what it said stands above.")
        for one in used.values():
            one.look()
        late = sorted(ms for stream, seen in zip(streams, before, strict=True) for ms in stream.late_ms[seen:])
        before = [len(stream.late_ms) for stream in streams]
        p99 = round(late[int(len(late) * 0.99)]) if late else None
        spent = ", ".join(f"{name} {one.spent[-1]:.1f} s" for name, one in used.items())
        gone = sum(stream.ended is not None for stream in streams)
        out.print(
            f"{time.monotonic() - began:.0f} s: {sum(before)} events on streams, p99 of the last {p99} ms, "
            f"{gone} streams ended; processor time: {spent}"
        )
    said = json.loads(await asyncio.wait_for(generator.stdout.readline(), READY_S))
    await generator.wait()
    await asyncio.sleep(SETTLE_S)
    for follower in followers:
        follower.cancel()
    await asyncio.gather(*followers, return_exceptions=True)
    return _result(streams, said, used, rate, seconds)


def _result(
    streams: list[Stream], said: dict[str, Any], used: dict[str, Used], rate: int, seconds: int
) -> dict[str, Any]:
    by_grid: dict[str, int] = said["by_grid"]
    wanted = [sum(number for grid, number in by_grid.items() if grid.startswith(stream.scope)) for stream in streams]
    late = sorted(ms for stream in streams for ms in stream.late_ms)
    quarter = max(1, len(used["api"].spent) // 4)
    share = {name: round(mean(one.spent) / EVERY_S, 2) for name, one in used.items()}
    return {
        "streams": len(streams),
        "seconds": seconds,
        "events_per_s": rate,
        "events": said["events"],
        "events_on_streams": len(late),
        "missed": sum(max(0, want - len(stream.late_ms)) for want, stream in zip(wanted, streams, strict=True)),
        "ended": sum(stream.ended is not None for stream in streams),
        "said_behind": sum(stream.behind for stream in streams),
        **{f"p{part}_ms": round(late[int(len(late) * part / 100)], 1) for part in (50, 90, 99)},
        "max_ms": round(late[-1], 1),
        "cores_used": {**share, "generator": round(said["cpu_s"] / seconds, 2)},
        "api_first_quarter": round(mean(used["api"].spent[:quarter]) / EVERY_S, 2),
        "api_last_quarter": round(mean(used["api"].spent[-quarter:]) / EVERY_S, 2),
        "generator_late_ms": said["late_ms"],
    }


if __name__ == "__main__":
    typer.run(main)
