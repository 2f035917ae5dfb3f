"""Loads the demo city and plays its day: files are written as the departments' offices write them, then published by
the code of `citygrid publish`."""

from __future__ import annotations

import csv
import json
import threading
import time
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path

import psycopg
import structlog
from psycopg.types.json import Jsonb

from citygrid.demo.day import Day, Happened
from citygrid.demo.people import Cells, DemoCity
from citygrid.demo.places import Area
from domain.time import DAY, midnight
from runtime.discover import discover
from runtime.publish import Publisher, Statement
from runtime.publish import file as files
from runtime.publish.columns import Department
from runtime.publish.file import RejectedFile
from runtime.publish.reading import ExportFile
from runtime.settings import Settings

log = structlog.get_logger()

SEED = 11
RESIDENTS = 2_000
SECONDS_BETWEEN = 5.0
"""Between two changes of the day at speed 1."""

Tell = Callable[[str], None]


class DemoRefused(Exception):
    """The demo city cannot be played here; the message says why and what to do."""


class Demo:
    """The demo city of one installation. What was made is noted in `demo/city.json` of the state folder, so that a
    second start continues the same city."""

    def __init__(self, settings: Settings, seed: int = SEED, residents: int = RESIDENTS) -> None:
        if settings.mode == "production":
            raise DemoRefused("A production installation plays no demo city: its alerts would be about nobody.")
        self._settings = settings
        self._folder = settings.state_dir / "demo"
        self._noted = self._folder / "city.json"
        known = json.loads(self._noted.read_text()) if self._noted.is_file() else {}
        self._known = {
            "seed": seed,
            "residents": residents,
            "today": f"{datetime.now(settings.zone):%Y-%m-%d}",
            **known,
        }
        if (self._known["seed"], self._known["residents"]) != (seed, residents):
            raise DemoRefused(
                f"Another demo city lives here already (seed {self._known['seed']}, {self._known['residents']} "
                "residents): play that one, or forget everything with `citygrid reset`."
            )
        self._city = DemoCity(seed, residents, date.fromisoformat(str(self._known["today"])))

    @property
    def loaded(self) -> bool:
        """Whether the city was published here before."""
        return bool(self._known.get("loaded"))

    def load(self, tell: Tell = lambda _: None) -> int:
        """Write the areas and the export files, publish them; the number of events. Done again it changes nothing."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._note()
        load_areas(self._settings.dsn("sinks"), self._city.places.areas)
        events = 0
        with Publisher(self._settings) as publisher:
            for (department, export), lines in self._city.files.items():
                tell(f"{department}: {export}.csv")
                path = self._folder / department / f"{export}.csv"
                write(path, lines)
                events += publish(path, department, publisher)
            events += self._visits(publisher)
        self._known["loaded"] = True
        self._note()
        return events

    def play(self, stopping: threading.Event, speed: float = 1.0, tell: Tell = lambda _: None) -> None:
        """A change every few seconds until `stopping` is set. `speed` 2 is twice as many."""
        first = int(self._known.get("changes", 0))
        day = Day(self._city, int(self._known["seed"]), first)
        with Publisher(self._settings) as publisher:
            for number in range(first, first + 10**9):
                if stopping.wait(SECONDS_BETWEEN / speed):
                    return
                happened = day.change(number, datetime.now(self._settings.zone))
                self._publish(publisher, happened)
                publisher.flush()
                self._known["changes"] = number + 1
                self._note()
                tell(happened.title)

    def _publish(self, publisher: Publisher, happened: Happened) -> None:
        if happened.cells is not None:
            path = self._folder / "day" / f"{happened.export}.csv"
            write(path, [happened.cells])
            publish(path, happened.department, publisher)
        elif happened.visited is not None:
            dwelling, task = happened.visited
            publisher.publish("grid.observation", visit(dwelling, task, time.time_ns() // 1000))

    def _visits(self, publisher: Publisher) -> int:
        """Old leases were visited within days; those of the last two weeks wait."""
        known = [lease for lease in self._city.leases if (self._city.today - lease.start).days > 30]
        for lease in known:
            start = (lease.start - date(1970, 1, 1)).days
            said = visit(lease.home.number, f"demo-{lease.record}", midnight(start + 4) + DAY // 2)
            publisher.publish("grid.observation", said)
        return len(known)

    def _note(self) -> None:
        scratch = self._noted.with_suffix(".new")
        scratch.write_text(json.dumps(self._known))
        scratch.replace(self._noted)


def visit(dwelling: str, task: str, at: int) -> Statement:
    """A grid worker met someone. `at` in microseconds UTC."""
    return Statement("Visited", task, dwelling, at, at, {"task": task, "outcome": "done"})


def write(path: Path, lines: Iterable[Cells]) -> None:
    """An export as offices make them: CSV in GB18030, the columns' names in Chinese; mode 0600."""
    lines = list(lines)
    columns = list(dict.fromkeys(column for line in lines for column in line))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with path.open("w", encoding="gb18030", newline="") as file:
        rows = csv.DictWriter(file, columns, restval="")
        rows.writeheader()
        rows.writerows(lines)


def publish(path: Path, department: str, publisher: Publisher) -> int:
    """The file's events, published as `citygrid publish` does; how many. Raises DemoRefused if a line was rejected."""
    known = discover("producers.departments", "DEPARTMENT", Department)
    with ExportFile(path, "gb18030") as file, RejectedFile(path) as rejected:
        tally = files.publish(file, known[department], publisher, rejected)
        if rejected.count:
            raise DemoRefused(f"{rejected.count} lines of {path} were rejected: see {rejected.path}.")
    return tally.events.total()


def load_areas(dsn: str, areas: Iterable[Area]) -> None:
    """The map's areas into `city.grid_area`."""
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO city.grid_area (grid, geometry, name_zh, name_en) VALUES (%s, %s, %s, %s) ON CONFLICT (grid) "
            "DO UPDATE SET (geometry, name_zh, name_en) = (excluded.geometry, excluded.name_zh, excluded.name_en)",
            [(area.code, Jsonb(area.geometry), area.name_zh, area.name_en) for area in areas],
        )


def play_in_background(demo: Demo, speed: float = 1.0) -> threading.Thread:
    """The day in a thread that ends with this process."""

    def run() -> None:
        try:
            demo.play(threading.Event(), speed)
        except Exception as failed:  # noqa: BLE001 - the city goes on without its demo; what happened is told
            log.error("demo_ended", reason=f"{type(failed).__name__}: {failed}")  # noqa: TRY400

    thread = threading.Thread(target=run, name="demo-day", daemon=True)
    thread.start()
    return thread
