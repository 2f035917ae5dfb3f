"""Hours of load with kills in between: what grew, what got slower, what was lost. `python -m bench.soak --hours 2`.

A fixed number of dwellings is let, and the letting withdrawn, in turn, so that all that the product holds in memory
stays the same: whatever grows all the same is a leak. Every few minutes one of our processes is killed (-9) and
started again as the supervisor does.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from pathlib import Path
from statistics import quantiles
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.table import Table

from bench.product import Product, Queue, lease_of, let, product, register, until
from producers.publish import Publisher

SETTLED_SHARE = 0.25
"""Growth is counted from here on: by then pools, caches and heaps have their size."""
GROWTH_SHARE, GROWTH_MB = 0.25, 50.0
"""What a process may grow by after that."""
out = Console()


class Turns:
    """Which lease was let when, and how long its task took. Lets and tasks come from two threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waited_for: dict[str, float] = {}
        self.took: list[tuple[float, float]] = []
        """(when it was let, seconds until its task was there)."""

    def let(self, lease: str) -> None:
        with self._lock:
            self._waited_for[lease] = time.perf_counter()

    def task(self, lease: str, seen: float) -> None:
        with self._lock:
            began = self._waited_for.pop(lease, None)
            if began is not None:
                self.took.append((began, seen - began))

    @property
    def waiting(self) -> int:
        with self._lock:
            return len(self._waited_for)


def main(
    hours: Annotated[float, typer.Option(help="how long")] = 2.0,
    rate: Annotated[int, typer.Option(help="events a second")] = 50,
    dwellings: Annotated[int, typer.Option(help="how many are let and no longer let, in turn")] = 3_000,
    kill_every: Annotated[float, typer.Option(help="minutes between two kills; 0: none")] = 5.0,
) -> None:
    """Load the whole product for hours, kill its processes, and say what grew, what got slower and what was lost."""
    names = [f"SOAK{number:06d}" for number in range(dwellings)]
    turns, memory = Turns(), list[tuple[float, dict[str, float]]]()
    with tempfile.TemporaryDirectory(prefix="citygrid-soak-") as scratch, product(Path(scratch)) as running:
        register(running.settings, names)
        with Queue(running.settings.dsn("sinks"), turns.task), Publisher(running.settings) as publisher:
            began = time.perf_counter()
            kills = _load(running, publisher, names, turns, memory, began + hours * 3600, rate, kill_every * 60)
            until(lambda: not turns.waiting, lambda: f"{turns.waiting} tasks are lacking", 180)
        _until_equal(running)
    out.print(f"{len(turns.took)} tasks, {kills} kills, nothing lost.")
    troubles = [*_grown(memory, began + hours * 3600 * SETTLED_SHARE), *_slower(turns.took)]
    for trouble in troubles:
        out.print(trouble)
    raise SystemExit(1 if troubles else 0)


def _load(
    running: Product,
    publisher: Publisher,
    names: list[str],
    turns: Turns,
    memory: list[tuple[float, dict[str, float]]],
    until_then: float,
    rate: int,
    kill_every_s: float,
) -> int:
    """Whole turns of letting and withdrawing until the time is over; ends let. -> how many processes were killed"""
    dice = random.Random(1)
    began = measured = killed = time.perf_counter()
    kills = events = 0
    withdrawn = True
    while time.perf_counter() < until_then or withdrawn:
        withdrawn = not withdrawn
        # What is taken back and stated again within one transaction would rightly make no new task.
        until(lambda: not turns.waiting, lambda: f"{turns.waiting} tasks are lacking", 180)
        if not withdrawn:
            until(lambda: not _open_tasks(running), lambda: f"{_open_tasks(running)} tasks are still open", 180)
        for number, name in enumerate(names):
            if (early := began + events / rate - time.perf_counter()) > 0:
                time.sleep(early)
            elif early < -1:
                began -= early  # what was waited for is not made up for
            if not withdrawn:
                turns.let(lease_of(number))
            let(publisher, number, name, withdrawn=withdrawn)
            events += 1
            now = time.perf_counter()
            if now - measured > 10:
                measured = now
                memory.append((now, running.memory_mb()))
            if kill_every_s and now - killed > kill_every_s:
                killed, kills = now, kills + 1
                victim = dice.choice(running.killable)
                out.print(f"{(now - began) / 60:6.1f} min: kill -9 {victim}")
                running.kill(victim)
    return kills


def _open_tasks(running: Product) -> int:
    with psycopg.connect(running.settings.dsn("sinks")) as connection:
        answer = connection.execute("SELECT count(*) FROM city.task WHERE state = 'dispatched'").fetchone()
        return int(answer[0]) if answer else 0


def _until_equal(running: Product) -> None:
    """Every lease that stands has one open task, and no other has one. Ends the soak if that does not come true."""
    with psycopg.connect(running.settings.dsn("sinks"), autocommit=True) as connection:

        def different() -> int:
            answer = connection.execute(
                "SELECT (SELECT count(*) FROM city.alert WHERE state = 'opened' AND NOT deleted)"
                " - (SELECT count(DISTINCT finding_id) FROM city.task"
                "    WHERE state IN ('dispatched', 'acknowledged', 'suspended'))"
            ).fetchone()
            return abs(int(answer[0])) if answer else -1

        until(lambda: different() == 0, lambda: f"{different()} open alerts and tasks do not match")


def _grown(memory: list[tuple[float, dict[str, float]]], settled: float) -> list[str]:
    """A table of each process's memory; -> a sentence for each that grew."""
    if len(memory) < 2:
        return []
    first = next((sizes for time, sizes in memory if time >= settled), memory[0][1])
    last = memory[-1][1]
    table = Table("process", "settled MB", "at the end MB")
    troubles = []
    for name, held in last.items():
        table.add_row(name, f"{first[name]:.0f}", f"{held:.0f}")
        if held - first[name] > max(GROWTH_MB, first[name] * GROWTH_SHARE):
            troubles.append(f"{name} grew from {first[name]:.0f} MB to {held:.0f} MB.")
    out.print(table)
    return troubles


def _slower(took: list[tuple[float, float]]) -> list[str]:
    """A table of publish → task by quarter of the time; -> a sentence if the last is twice as slow as the second."""
    times = sorted(took)
    quarter = len(times) // 4
    if quarter < 100:
        return []
    table = Table("quarter", "p50 ms", "p99 ms", "longest s")
    medians = []
    for number in range(4):
        seconds = [second for _, second in times[number * quarter : (number + 1) * quarter]]
        cuts = quantiles(seconds, n=100)
        medians.append(cuts[49])
        table.add_row(str(number + 1), f"{cuts[49] * 1e3:.0f}", f"{cuts[98] * 1e3:.0f}", f"{max(seconds):.1f}")
    out.print(table)
    if medians[3] > 2 * medians[1]:
        return [f"publish → task got slower: p50 {medians[1] * 1e3:.0f} ms, then {medians[3] * 1e3:.0f} ms."]
    return []


if __name__ == "__main__":
    typer.run(main)
