"""What a page costs PostgreSQL in a crowded city: `python -m bench.lists`.

10,000 open alerts, a million tasks of history. Each statement that a page makes is asked as often as `--times` says by
an account of the city, of a district, of a street and of a grid, under the API's role; `bench/latest_lists.json` has
the times.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import psutil
import psycopg
import typer
from psycopg.types.json import Jsonb
from rich.console import Console

from bench import crowded
from database.migrate import migrate
from domain.time import CITY
from local.stack import downloads, postgres
from local.stack.local import LocalStack, Ports, stop
from runtime.settings import CHECKOUT

LATEST = CHECKOUT / "bench" / "latest_lists.json"
PAGE = 51
ZOOM_OF = {0: 10, 6: 12, 9: 14, 15: 17}
out = Console(soft_wrap=True)

LIST = "SELECT * FROM city.list_alerts(%(wanted)s, %(most)s, %(rank)s, %(time)s, %(id)s)"
LINES = "SELECT * FROM city.list_lines(%(wanted)s, %(most)s, %(rank)s, %(time)s, %(id)s)"
COUNT_LINES = "SELECT city.count_lines(%(wanted)s)"
TASKS = "SELECT * FROM city.list_tasks(%(wanted)s, %(most)s, %(rank)s, %(time)s, %(id)s)"
COUNT = "SELECT city.count_alerts(%(wanted)s)"
HEAD = "SELECT * FROM city.summary(%(area)s, %(zone)s)"
AREAS = "SELECT * FROM city.map_areas(%(scope)s, %(wanted)s)"
PINS = "SELECT * FROM city.map_alerts(%(wanted)s, %(cell)s)"
BY_RULE = "SELECT * FROM city.alerts_by_rule()"
ACKNOWLEDGING = "SELECT * FROM city.acknowledging()"
WORKERS = "SELECT * FROM city.workers()"

OPEN: dict[str, dict[str, Any]] = {
    "open": {},
    "urgent": {"severity": "urgent"},
    "of a rule": {"rule": "rule-7"},
    "of no rule": {"rule": "withdrawn"},
    "of a department": {"department": "tax"},
    "due today": {"task": "running", "due": "today"},
    "overdue": {"task": "running", "due": "overdue"},
    "due later": {"due": "later"},
    "unassigned": {"task": "waiting"},
    "acknowledged": {"task": "acknowledged"},
    "suspended": {"task": "suspended"},
    "of a worker": {"assignee": ""},
    "of nobody": {"assignee": "00000000-0000-0000-0000-000000000000"},
    "unknown": {"state": "unknown"},
}
HISTORY: dict[str, dict[str, Any]] = {
    "resolved": {"state": "resolved"},
    "resolved of a rule": {"state": "resolved", "rule": "rule-7"},
    "resolved of no rule": {"state": "resolved", "rule": "withdrawn"},
    "resolved urgent": {"state": "resolved", "severity": "urgent"},
    "resolved of a department": {"state": "resolved", "department": "tax"},
    "any": {"state": "any"},
    "held": {"state": "held"},
}
OF_TASKS: dict[str, dict[str, Any]] = {
    "open": {},
    "mine": {"mine": True},
    "done today": {"state": "completed", "mine": True, "finished_today": True},
    "completed": {"state": "completed"},
    "overdue": {"state": "running", "due": "overdue"},
}


@dataclass(frozen=True)
class Ask:
    """One statement of a page."""

    name: str
    statement: str
    values: dict[str, Any]


def asks(scope: str, worker: str) -> Iterator[Ask]:
    """Every statement of the pages, as an account of this scope asks them."""

    def wanted(filters: dict[str, Any]) -> Jsonb:
        of = {name: worker if name == "assignee" and not value else value for name, value in filters.items()}
        return Jsonb({**of, "zone": CITY.key})

    first = {"most": PAGE, "rank": None, "time": None, "id": None}
    for name, filters in {**OPEN, **HISTORY}.items():
        yield Ask(f"alerts: {name}", LIST, {"wanted": wanted(filters), **first})
        yield Ask(f"count: {name}", COUNT, {"wanted": wanted(filters)})
    for name in ("open", "urgent", "of no rule", "due today"):
        yield Ask(f"lines: {name}", LINES, {"wanted": wanted(OPEN[name]), **first})
        yield Ask(f"count of lines: {name}", COUNT_LINES, {"wanted": wanted(OPEN[name])})
    for name, filters in OF_TASKS.items():
        yield Ask(f"tasks: {name}", TASKS, {"wanted": wanted(filters), **first})
    for name in ("open", "of a rule", "due today"):
        cell = 360 / 256 / 2 ** ZOOM_OF[len(scope)] * 44
        yield Ask(f"areas: {name}", AREAS, {"wanted": wanted(OPEN[name]), "scope": scope[:12]})
        yield Ask(f"pins: {name}", PINS, {"wanted": wanted(OPEN[name]), "cell": cell})
    yield Ask("head", HEAD, {"area": "", "zone": CITY.key})
    yield Ask("head: of a street", HEAD, {"area": crowded.STREET, "zone": CITY.key})
    yield Ask("chart: by rule", BY_RULE, {})
    yield Ask("chart: acknowledging", ACKNOWLEDGING, {})
    yield Ask("workers", WORKERS, {})


@contextmanager
def crowded_city(folder: Path, alerts: int, tasks: int) -> Iterator[LocalStack]:
    """PostgreSQL with such a city."""
    stack = LocalStack(folder, Ports.free(), downloads.folder(None))
    parts = stack.start(("postgres",))
    try:
        migrate(stack.dsn("citygrid_owner"))
        crowded.fill(stack.dsn(postgres.SUPERUSER), alerts, tasks)
        yield stack
    finally:
        stop(parts)


def main(
    alerts: Annotated[int, typer.Option(help="open")] = 10_000,
    tasks: Annotated[int, typer.Option(help="of history")] = 1_000_000,
    times: Annotated[int, typer.Option(help="that each statement is asked")] = 100,
) -> None:
    """Time each statement of the pages. Takes a few minutes; needs a quiet machine."""
    load_before = psutil.getloadavg()[0]
    lines: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="citygrid-lists-") as scratch:
        began = time.monotonic()
        with crowded_city(Path(scratch), alerts, tasks) as stack:
            filled = time.monotonic() - began
            out.print(f"{alerts} open alerts and {tasks} tasks of history after {filled:.0f} s")
            with psycopg.connect(stack.dsn(postgres.SUPERUSER)) as admin:
                worker = str(admin.execute("SELECT id FROM city.account WHERE name = 'worker'").fetchall()[0][0])
                scopes = {"city": "", "district": crowded.DISTRICT, "street": crowded.STREET, "grid": crowded.GRID}
                tokens = {
                    name: crowded.account(admin, f"centre-{name}", "command_centre", scope)[1]
                    for name, scope in scopes.items()
                }
            with psycopg.connect(stack.dsn("citygrid_api"), autocommit=True) as connection:
                for of, scope in scopes.items():
                    lines += [
                        {"of": of, "what": ask.name, **timed(connection, tokens[of], ask, times)}
                        for ask in asks(scope, worker)
                    ]
    worst = max(lines, key=lambda line: float(line["p99_ms"]))
    kept = {
        "day": time.strftime("%Y-%m-%d"),
        "open_alerts": alerts,
        "tasks_of_history": tasks,
        "times": times,
        "load_before": round(load_before, 1),
        "fill_s": round(filled),
        "worst": worst,
        "statements": sorted(lines, key=lambda line: -float(line["p99_ms"])),
    }
    LATEST.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    for line in kept["statements"][:12]:  # type: ignore[index]
        out.print(json.dumps(line, ensure_ascii=False))


def timed(connection: psycopg.Connection[Any], token: str, ask: Ask, times: int) -> dict[str, Any]:
    """Milliseconds of the statement, its answer read; the session's entering is not counted."""
    took, rows = [], 0
    for _ in range(times):
        with connection.transaction():
            connection.execute("SELECT city.enter(%s)", (token,))
            began = time.perf_counter()
            rows = len(connection.execute(ask.statement.encode(), ask.values).fetchall())
            took.append((time.perf_counter() - began) * 1000)
    took.sort()
    p99 = took[min(len(took) - 1, int(len(took) * 0.99))]
    return {"p50_ms": round(median(took), 1), "p99_ms": round(p99, 1), "rows": rows}


if __name__ == "__main__":
    typer.run(main)
