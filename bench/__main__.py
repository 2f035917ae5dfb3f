"""`make bench`: the city join on each system in turn, several rounds, on a broker of its own.

`bench/latest.json` has the medians and the conditions of the run, `bench/history.jsonl` every run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn
from rich.table import Table

from bench.drain import SYSTEMS
from local.stack import downloads
from local.stack.local import LocalStack, Ports
from runtime.settings import CHECKOUT

BENCH = CHECKOUT / "bench"
LATEST = BENCH / "latest.json"
HISTORY = BENCH / "history.jsonl"
out = Console()


def main(
    systems: Annotated[str, typer.Option(help="which, in this order")] = ",".join(SYSTEMS),
    events: Annotated[int, typer.Option(help="events in the backlog")] = 1_000_000,
    rounds: Annotated[int, typer.Option(help="how often each system runs, alternating; some peers less often")] = 5,
    processes: Annotated[int, typer.Option(help="processes of each system")] = 1,
) -> None:
    """Time the city join on this system and its peers. Needs a quiet machine; says at the end how long it took."""
    names, began = systems.split(","), time.monotonic()
    (BENCH / "build" / "logs").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="citygrid-bench-") as scratch:
        cache = downloads.folder(None)
        downloads.fetch(downloads.missing(downloads.pinned("kafka"), cache), cache, lambda _: None)
        stack = LocalStack(Path(scratch), Ports.free(), cache)
        children = stack.start(["kafka"])
        try:
            rows = _rounds(names, events, rounds, processes, stack.address("kafka"))
        finally:
            for child in children.values():
                child.stop()
    minutes = round((time.monotonic() - began) / 60, 1)
    out.print(f"{len(rows)} drains in {minutes} minutes.")
    _publish(rows, minutes)


def _rounds(names: list[str], events: int, rounds: int, processes: int, bootstrap: str) -> list[dict[str, object]]:
    rows = []
    turns = [(turn, name) for turn in range(rounds) for name in names if turn < SYSTEMS[name].rounds]
    with Progress(*Progress.get_default_columns(), TimeElapsedColumn(), console=out) as progress:
        task = progress.add_task("drains", total=len(turns))
        for turn, name in turns:
            progress.update(task, description=f"round {turn + 1}: {name}")
            rows.append(_one(name, events, processes, bootstrap, turn + 1))
            out.print(json.dumps(rows[-1]), soft_wrap=True)
            progress.advance(task)
    return rows


def _one(name: str, events: int, processes: int, bootstrap: str, turn: int) -> dict[str, object]:
    """One drain in a process of its own: the topics' names are settings of the process."""
    events = int(events * SYSTEMS[name].share)
    busy = os.getloadavg()[0]
    environment = {
        **os.environ,
        "BENCH_BOOTSTRAP": bootstrap,
        "BENCH_INPUT": f"in-{events}-",
        "BENCH_EXPECTED": str(BENCH / "build" / f"expected-{events}.json"),
        "BENCH_RUN": f"{name}-{time.time_ns()}-",
        "PYTHONPATH": str(CHECKOUT),
    }
    command = [sys.executable, "-m", "bench.one", name, str(events), str(processes)]
    done = subprocess.run(command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
    row: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return row | {"round": turn, "load": round(busy, 1)}


def _publish(rows: list[dict[str, object]], minutes: float) -> None:
    with HISTORY.open("a") as history:
        for row in rows:
            history.write(json.dumps({"at": time.strftime("%Y-%m-%d"), **row}) + "\n")
    systems: list[dict[str, object]] = []
    for name in dict.fromkeys(str(row["system"]) for row in rows):
        runs = [row for row in rows if row["system"] == name]
        ratios = _ratios(rows, name)
        systems.append(
            {
                "system": name,
                "events": runs[0]["events"],
                "rounds": len(runs),
                "processes": runs[0]["processes"],
                "events_per_s": round(_median(runs, "events_per_s")),
                "cpu_s_per_million": round(_median(runs, "cpu_s_per_million"), 1),
                "microseconds_per_record": round(_median(runs, "microseconds_per_record"), 1),
                "peak_mb": round(_median(runs, "peak_mb")),
                "right": all(row["right"] for row in runs),
                "citygrids_events_per_s": ratios[0],
                "citygrids_cpu_per_record": ratios[1],
            }
        )
    conditions = {
        "day": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "load": [min(float(str(row["load"])) for row in rows), max(float(str(row["load"])) for row in rows)],
        "stolen_s": round(sum(float(str(row["stolen_s"])) for row in rows), 1),
        "minutes": minutes,
    }
    LATEST.write_text(json.dumps({**conditions, "systems": systems}, indent=1) + "\n")
    table = Table(
        "system", "events/s", "CPU-s per million", "right", "citygrid's events/s", "citygrid's CPU per record"
    )
    for row in systems:
        shown = ("system", "events_per_s", "cpu_s_per_million", "right")
        multiples = (row["citygrids_events_per_s"], row["citygrids_cpu_per_record"])
        table.add_row(*(str(row[key]) for key in shown), *(f"{ratio} ×" if ratio else "–" for ratio in multiples))
    out.print(table)
    wrong = [str(row["system"]) for row in systems if not row["right"]]
    if wrong:
        out.print(f"Another result than the definition: {', '.join(wrong)}; see bench/history.jsonl.")
    if "citygrid" in wrong:
        raise SystemExit(1)  # a peer's fault is a finding, ours is a failure


def _ratios(rows: list[dict[str, object]], peer: str) -> list[float | None]:
    """The medians over the rounds of citygrid's events/s and CPU per record as multiples of the peer's: runs of one
    round are close in time, so that what else the machine does cancels out."""
    ratios: list[float | None] = []
    for measure in ("events_per_s", "microseconds_per_record"):
        by_run = {(row["system"], row["round"]): float(str(row[measure])) for row in rows}
        rounds = [turn for system, turn in by_run if system == peer and ("citygrid", turn) in by_run]
        turns = [by_run["citygrid", turn] / by_run[peer, turn] for turn in rounds]
        ratios.append(round(median(turns), 2) if turns else None)
    return ratios


def _median(runs: list[dict[str, object]], measure: str) -> float:
    return median(float(str(row[measure])) for row in runs)


if __name__ == "__main__":
    typer.run(main)
