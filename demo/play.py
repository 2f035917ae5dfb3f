"""Loads the demo city and plays what happens in it: files are written as the departments' offices write them, then
published by the code of `citygrid publish`."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg.types.json import Jsonb

from demo import catching_up, sheets
from demo.changes import Changes
from demo.city import PEOPLE, DemoCity
from demo.places import Area
from demo.registers import Register, TopicStatement
from demo.swipes import from_now_on
from domain.time import CITY
from producers.publish import Publisher
from producers.publish import export_file as files
from producers.publish.export_file import RejectedFile
from producers.publish.export_lines import ExportFile
from producers.publish.json_form import statement_of
from runtime.discover import discover
from runtime.settings import Settings
from wire.contracts import SCHEMAS, contracts

log = structlog.get_logger()

SEED = 11
RESIDENTS = 20_000
SECONDS_BETWEEN = 5.0
"""Between two changes at speed 1."""
DEVICES = ("door-access",)
"""What they say is published once the registers have been read."""
CATCHING_UP_S = 300.0
"""Whether or not everything runs, the city is loaded after so long."""
REGISTERS = discover("demo.registers", "REGISTER", Register)

Report = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


class DemoRefused(Exception):
    """The demo city cannot be played here; the message says why and what to do."""


def _report_nothing(title: str, done: int, total: int) -> None:
    pass


class Demo:
    """The demo city of one installation. What was made is noted in `demo/city.json` of the state folder, so that a
    second start continues the same city. `residents` None: as many as there are, `otherwise` if there is none."""

    def __init__(
        self, settings: Settings, seed: int = SEED, residents: int | None = None, otherwise: int = RESIDENTS
    ) -> None:
        if settings.mode == "production":
            raise DemoRefused("A production installation plays no demo city: its alerts would be about nobody.")
        self._settings = settings
        self._folder = settings.state_dir / "demo"
        self._noted = self._folder / "city.json"
        known = json.loads(self._noted.read_text()) if self._noted.is_file() else {}
        loaded = int(known.get("loaded", 0))
        residents = residents or loaded or otherwise
        if known.get("seed", seed) != seed or residents < loaded:
            raise DemoRefused(
                f"Another demo city lives here already (seed {known['seed']}, {loaded} residents): play that one, let "
                "it grow by more residents, or forget everything with `citygrid reset`."
            )
        today = known.get("today", f"{datetime.now(CITY):%Y-%m-%d}")
        self._known = {**known, "seed": seed, "today": today}
        self.city = DemoCity(seed, residents, date.fromisoformat(today))

    @property
    def loaded(self) -> bool:
        """Whether the whole city was published here before."""
        return int(self._known.get("loaded", 0)) >= self.city.residents

    def load(self, report: Report = _report_nothing) -> int:
        """Write the areas and the export files, publish them; the number of events. Done again it changes nothing; of
        a city that grows only the buildings that are new are published."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._note()
        load_areas(self._settings.dsn("sinks"), self.city.places.areas)
        first = int(self._known.get("loaded", 0)) // PEOPLE
        events = 0
        with Publisher(self._settings) as publisher:
            with sheets.Files(self._folder) as written:
                for stated in statements(self.city, first, report):
                    if sheets.exported(stated.topic):
                        written.write(stated)
                    else:  # no department's office: grid workers, devices
                        publisher.publish(stated.topic, stated.statement)
                        events += 1
            for stated in examples() if first == 0 else ():
                publisher.publish(stated.topic, stated.statement)
                events += 1
            for department, path in sorted(written.paths, key=lambda change: change[0] in DEVICES):
                if department in DEVICES:
                    publisher.flush()
                    report("the stages read the registers", 0, 1)
                    catching_up.wait(self._settings, CATCHING_UP_S)
                    report("the stages read the registers", 1, 1)
                events += publish(path, department, publisher, report)
        self._known["loaded"] = self.city.residents
        self._note()
        return events

    def play(
        self, stopping: threading.Event, speed: float = 1.0, report: Callable[[str], None] = lambda _: None
    ) -> None:
        """A change every few seconds until `stopping` is set, and everybody's door swipes at their hour. `speed` 2 is
        twice as many changes."""
        first = int(self._known.get("changes", 0))
        changes = Changes(self.city)
        swipes = from_now_on(self.city, time.time_ns() // 1000)
        moment, swipe = next(swipes)
        with Publisher(self._settings) as publisher:
            for number in range(first, first + 10**9):
                if stopping.wait(SECONDS_BETWEEN / speed):
                    return
                now = time.time_ns() // 1000
                while moment <= now:
                    publisher.publish(swipe.topic, swipe.statement)
                    moment, swipe = next(swipes)
                changed = changes.change(number, now)
                publisher.publish(changed.stated.topic, changed.stated.statement)
                publisher.flush()
                self._known["changes"] = number + 1
                self._note()
                report(changed.title)

    def note(self, **known: object) -> None:
        """Remember something of this city for its next start."""
        self._known |= known
        self._note()

    @property
    def known(self) -> dict[str, Any]:
        """What is remembered of this city."""
        return dict(self._known)

    def _note(self) -> None:
        scratch = self._noted.with_suffix(".new")
        scratch.write_text(json.dumps(self._known))
        scratch.replace(self._noted)


def statements(city: DemoCity, first: int = 0, report: Report = _report_nothing) -> Iterator[TopicStatement]:
    """What all registers say of the buildings from the `first` on, one building at a time."""
    for building in city.buildings(first):
        if building.position % 100 == 0:
            report("the registers", building.position - first, city.count - first)
        for register in REGISTERS.values():
            yield from register.say(city, building)
    report("the registers", city.count - first, city.count - first)


def examples() -> Iterator[TopicStatement]:
    """What stands in `schemas/examples` of departments that have no register here: a new one has events at once."""
    for contract in contracts().values():
        if contract.department not in REGISTERS:
            for line in (SCHEMAS / "examples" / f"{contract.topic}.jsonl").read_text("utf-8").splitlines():
                yield TopicStatement(contract.topic, statement_of(contract, json.loads(line)))


def write(folder: Path, city: DemoCity, report: Report = _report_nothing) -> list[tuple[str, Path]]:
    """The export files of a city under `folder`, and its areas as `areas.geojson`; (department, file) each."""
    folder.mkdir(parents=True, exist_ok=True)
    areas = {"type": "FeatureCollection", "features": [area.feature() for area in city.places.areas]}
    (folder / "areas.geojson").write_text(json.dumps(areas, ensure_ascii=False), encoding="utf-8")
    return sheets.write(folder, (stated for stated in statements(city, report=report) if sheets.exported(stated.topic)))


def publish(path: Path, department: str, publisher: Publisher, report: Report = _report_nothing) -> int:
    """The file's events, published as `citygrid publish` does; how many. Raises DemoRefused if a line was rejected."""
    title = f"{department}: {path.name}"
    with ExportFile(path, "gb18030") as file, RejectedFile(path) as rejected:
        read = lambda done, _: report(title, done, file.size)  # noqa: E731
        tally = files.publish(file, sheets.READERS[department], publisher, rejected, read)
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
    """The changes in a thread that ends with this process."""

    def run() -> None:
        try:
            demo.play(threading.Event(), speed)
        except Exception as failed:  # noqa: BLE001 - the city goes on without its demo; what happened is told
            log.error("demo_ended", reason=f"{type(failed).__name__}: {failed}")  # noqa: TRY400

    thread = threading.Thread(target=run, name="demo-day", daemon=True)
    thread.start()
    return thread
